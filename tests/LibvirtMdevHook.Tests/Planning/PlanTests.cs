using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;
using NUnit.Framework;
using static VerifyNUnit.Verifier;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>A tree and a declaration in, a plan or its refusals out.</summary>
internal sealed class PlanTests
{
    private const string TwoM60 =
        $"""<hostdev uuid="{DomainText.First}" type="GRID M60-4Q"/><hostdev uuid="{DomainText.Second}" type="GRID M60-4Q"/>""";

    [Test]
    public Task Two_devices_of_the_proposal_go_to_two_GPUs_breadth_first() => Plan("m60-rfc2016", TwoM60);

    [Test]
    public Task Two_devices_of_the_proposal_share_a_GPU_depth_first() => Plan("m60-rfc2016", TwoM60, "placement='depth-first'");

    [Test]
    public Task Two_devices_share_a_GPU_where_the_domain_wants_it() => Plan("m60-rfc2016", TwoM60, "gpu='same'");

    [Test]
    public Task Three_devices_do_not_go_to_three_of_two_GPUs() => Plan("m60-rfc2016",
        TwoM60 + DomainText.Hostdev(DomainText.Third, "GRID M60-4Q"), "gpu='different'");

    [Test]
    public Task Two_sizes_in_one_domain_go_to_two_GPUs() => Plan("m60-rfc2016",
        $"""<hostdev uuid="{DomainText.First}" type="GRID M60-4Q"/><hostdev uuid="{DomainText.Second}" type="GRID M60-8Q"/>""",
        "placement='depth-first'");

    [Test]
    public Task The_device_with_the_only_way_is_placed_first() => Plan("m60-rfc2016",
        DomainText.Hostdev(DomainText.First, "GRID M60-8Q")
        + DomainText.Hostdev(DomainText.Second, "GRID M60-8Q", "parent='0000:86:00.0'"));

    [Test]
    public Task More_devices_than_instances_are_counted_together() => Plan("m60-rfc2016",
        TwoM60 + DomainText.Hostdev(DomainText.Third, "GRID M60-4Q"), "gpu='same'");

    [Test]
    public Task A_type_id_of_the_mainline_kernel_is_taken_as_it_is() =>
        Plan("m60-mdev", DomainText.Hostdev(DomainText.First, "nvidia-18"));

    [Test]
    public Task A_number_of_the_proposal_is_not_an_id_of_the_mainline_kernel() =>
        Plan("m60-mdev", DomainText.Hostdev(DomainText.First, "18"));

    [Test]
    public Task An_id_of_the_mainline_kernel_is_not_a_number_of_the_proposal() =>
        Plan("m60-rfc2016", DomainText.Hostdev(DomainText.First, "nvidia-17"));

    [Test]
    public Task A_name_is_found_however_it_is_spelled() => Plan("m60-mdev", DomainText.Hostdev(DomainText.First, "grid_m60 2q"));

    [Test]
    public Task A_name_that_lacks_a_separator_between_digits_is_a_near_miss() =>
        Plan("m60-mdev", DomainText.Hostdev(DomainText.First, "M604Q"));

    [Test]
    public Task An_unknown_type_is_refused_with_near_misses() =>
        Plan("m60-mdev", DomainText.Hostdev(DomainText.First, "GRID M60-4A"));

    [Test]
    public Task A_pinned_parent_without_an_instance_says_which_size_is_in_use() =>
        Plan("m60-mdev", DomainText.Hostdev(DomainText.First, "GRID M60-4Q", "parent='pci_0000_3e_00_0'"));

    [Test]
    public Task A_pinned_parent_that_is_not_there_is_named() =>
        Plan("m60-mdev", DomainText.Hostdev(DomainText.First, "GRID M60-4Q", "parent='0000:99:00.0'"));

    [Test]
    public Task A_type_without_a_name_is_declared_by_its_id() =>
        Plan("gvtg", DomainText.Hostdev(DomainText.First, "i915-GVTg_V4_2"));

    [Test]
    public Task A_full_type_of_a_shared_pool_is_refused() =>
        Plan("gvtg", DomainText.Hostdev(DomainText.First, "i915-gvtg v4 1"));

    [Test]
    public Task A_parent_outside_PCI_is_pinned_by_its_name() =>
        Plan("mtty", DomainText.Hostdev(DomainText.First, "Dual port serial", "parent='mtty'"));

    [Test]
    public Task A_parent_outside_PCI_is_pinned_by_its_node_device() =>
        Plan("mtty", DomainText.Hostdev(DomainText.First, "Dual port serial", "parent='mtty_mtty'"));

    [Test]
    public Task Args_are_refused_on_a_parent_that_takes_none() =>
        Plan("mtty", DomainText.Hostdev(DomainText.First, "Dual port serial", "args='a=1'"));

    [Test]
    public Task Args_follow_ours_in_the_create_string() =>
        Plan("m60-rfc2016", DomainText.Hostdev(DomainText.First, "GRID M60-4Q", "args='plugin=x,level=2'"));

    [Test]
    public Task A_host_without_parents_says_so() => Plan("", DomainText.Hostdev(DomainText.First, "GRID M60-4Q"));

    [Test]
    public Task Attributes_come_after_every_create_and_before_any_online() => Plan("m60-mdev",
        $"""<hostdev uuid="{DomainText.First}" type="GRID M60-2Q"><attr name="nvidia/vgpu_params" value="frame_rate_limiter=0"/>"""
        + $"""<attr name="nvidia/vgpu_params" value="disable_vnc=1"/></hostdev><hostdev uuid="{DomainText.Second}" type="GRID M60-2Q"/>""");

    [Test]
    public void Devices_that_share_a_GPU_go_to_the_one_that_has_room_for_all()
    {
        using var tree = new TreeOfText(VirtualFunctions(("0000:40", 7), ("0000:50", 8)));
        var record = TreePlan.Of(tree, Many(8, "gpu='same' placement='depth-first'")).Record;
        Assert.That(record!.Claims.Select(c => c.Gpu.ToString()).Distinct(), Is.EqualTo(new[] { "0000:50:00.0" }));
    }

    [Test]
    public void A_declaration_of_too_many_VFs_is_refused_in_time()
    {
        using var tree = new TreeOfText(VirtualFunctions(("0000:40", 32), ("0000:50", 32), ("0000:60", 32), ("0000:70", 32)));
        var begin = Environment.TickCount64;
        var plan = TreePlan.Of(tree, Many(5, "gpu='different'"));
        Assert.That(plan.Refusals.Single().Text, Does.Contain("its 5 devices do not fit together with gpu='different'"));
        Assert.That(Environment.TickCount64 - begin, Is.LessThan(10_000));
    }

    [Test]
    public void An_exclusion_with_a_mistake_keeps_every_device_from_its_place()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        tree.Add("""etc/libvirt/mdev-hook.conf = excluded_parents = ["0000:3d:00.0" # broken fan\n""");
        var refusal = TreePlan.Of(tree, DomainText.Declaring(DomainText.Hostdev(DomainText.First, "GRID M60-4Q"))).Refusals.Single();
        Assert.That(refusal.Text, Does.StartWith("domain 'win10': its devices cannot be placed: '").And.Contain("excluded_parents"));
        Assert.That(refusal.CuredBy, Is.EqualTo(CuredBy.Nothing));
    }

    [Test]
    public void A_type_may_still_come_where_another_parent_is_excluded()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        tree.Add("""etc/libvirt/mdev-hook.conf = excluded_parents = ["0000:3d:00.0"]\n""");
        var plan = TreePlan.Of(tree, DomainText.Declaring(DomainText.Hostdev(DomainText.First, "GRID M60-9X")));
        Assert.That(plan.Refusals.Single().CuredBy, Is.EqualTo(CuredBy.Types));
    }

    [Test]
    public Task A_GPU_near_the_memory_is_preferred_to_one_that_runs_the_type() =>
        Near("<numatune><memory mode='strict' nodeset='0'/></numatune>", "prefer");

    [Test]
    public Task A_GPU_near_the_pinned_vCPUs_is_preferred() => Near("<cputune><vcpupin vcpu='0' cpuset='1-3,^2'/></cputune>", "prefer");

    [Test]
    public Task Numa_can_be_ignored() => Near("<numatune><memory mode='strict' nodeset='0'/></numatune>", "ignore");

    [Test]
    public Task A_GPU_elsewhere_is_refused_where_numa_is_required() =>
        Near("<numatune><memory mode='strict' nodeset='2-3'/></numatune>", "require");

    [Test]
    public Task A_domain_that_is_bound_to_no_node_can_require_it() => Near("", "require");

    [Test]
    public Task A_uuid_of_another_domain_is_refused_by_name()
    {
        using var tree = TreeOfText.Of("m60-rfc2016");
        Record(tree, "the-other", DomainText.First, Stage.Online);
        return Verify(TreePlan.Of(tree, DomainText.Declaring(TwoM60)).ToString());
    }

    [Test]
    public Task A_claim_whose_device_is_not_there_yet_takes_its_instance()
    {
        using var tree = TreeOfText.Of("m60-rfc2016");
        Record(tree, "the-other", DomainText.Third, Stage.Intended);
        return Verify(TreePlan.Of(tree, DomainText.Declaring(TwoM60, "gpu='same'")).ToString());
    }

    [Test]
    public Task A_claim_of_another_size_keeps_the_GPU_from_ours()
    {
        using var tree = TreeOfText.Of("m60-rfc2016");
        Record(tree, "the-other", DomainText.Third, Stage.Intended);
        return Verify(TreePlan.Of(tree,
            DomainText.Declaring(DomainText.Hostdev(DomainText.First, "GRID M60-8Q", "parent='0000:86:00.0'"))).ToString());
    }

    [Test]
    public void A_uuid_on_a_record_of_a_newer_version_is_refused()
    {
        using var tree = TreeOfText.Of("m60-rfc2016");
        tree.AddNewerRecord("99999999-9999-4999-8999-999999999999", DomainText.First, "0000:86:00.0");
        Assert.That(TreePlan.Of(tree, DomainText.Declaring(TwoM60)).Refusals.Single().Text,
            Does.Contain($"the device '{DomainText.First}'").And.Contain("record version 2; this one knows 1"));
    }

    [Test]
    public void A_domain_whose_own_record_is_of_a_newer_version_is_refused()
    {
        using var tree = TreeOfText.Of("m60-rfc2016");
        tree.AddNewerRecord(DomainText.Uuid, DomainText.Third, "0000:86:00.0");
        Assert.That(TreePlan.Of(tree, DomainText.Declaring(TwoM60)).Refusals.Single().Text, Does.StartWith("domain 'win10': ")
            .And.Contain("record version 2; this one knows 1").And.Contain("'virt-mdev reconcile --apply'"));
    }

    [Test]
    public Task An_excluded_parent_is_not_used()
    {
        using var tree = TreeOfText.Of("m60-rfc2016");
        tree.Add("""etc/libvirt/mdev-hook.conf = excluded_parents = ["pci_0000_86_00_0"]\n""");
        return Verify(TreePlan.Of(tree, DomainText.Declaring(TwoM60)).ToString());
    }

    [Test]
    public Task A_fitting_foreign_device_is_used_and_left() => Foreign("type=\"GRID M60-2Q\"");

    [Test]
    public Task A_foreign_device_of_another_type_is_refused() => Foreign("type=\"GRID M60-4Q\"");

    [Test]
    public Task A_foreign_device_on_another_parent_is_refused() => Foreign("type=\"GRID M60-2Q\" parent=\"0000:3d:00.0\"");

    [Test]
    public Task Attributes_of_a_foreign_device_are_refused() =>
        Foreign("type=\"GRID M60-2Q\"", "<attr name=\"nvidia/vgpu_params\" value=\"x=1\"/>");

    [Test]
    public Task A_model_that_libvirt_would_refuse_is_refused_before()
    {
        using var tree = TreeOfText.Of("mtty");
        var xml = DomainText.Declaring(DomainText.Hostdev(DomainText.First, "mtty-1"))
            .Replace("vfio-pci", "vfio-ap", StringComparison.Ordinal);
        return Verify(TreePlan.Of(tree, xml).ToString());
    }

    [Test]
    public async Task The_plan_is_the_record_that_is_saved()
    {
        using var tree = TreeOfText.Of("m60-rfc2016");
        await Verify(RecordXml.Write(TreePlan.Of(tree, DomainText.Declaring(TwoM60)).Record! with { Generation = new Moment(1) }));
    }

    private static Task Foreign(string attributes, string attrs = "")
    {
        const string Existing = "aaaaaaaa-0000-4000-8000-000000000001";
        using var tree = TreeOfText.Of("m60-mdev");
        return Verify(TreePlan.Of(tree, DomainText.Around(
            $"""<hostdevs xmlns="urn:libvirt-mdev-hook:1"><hostdev uuid="{Existing}" {attributes}>{attrs}</hostdev></hostdevs>""",
            Existing))
            .ToString());
    }

    private static Task Near(string tuning, string rule)
    {
        using var tree = TreeOfText.Of("m60-mdev");
        var xml = DomainText.Declaring(DomainText.Hostdev(DomainText.First, "GRID M60-2Q"), $"numa='{rule}'");
        return Verify(TreePlan.Of(tree, xml.Replace("<devices>", tuning + "<devices>", StringComparison.Ordinal)).ToString());
    }

    private static Task Plan(string trees, string hostdevs, string rules = "")
    {
        using var tree = trees.Length == 0 ? new TreeOfText("") : TreeOfText.Of(trees.Split(' '));
        return Verify(TreePlan.Of(tree, DomainText.Declaring(hostdevs, rules)).ToString());
    }

    /// <summary>GPUs whose VFs are parents with one instance each.</summary>
    private static string VirtualFunctions(params (string Bus, int Count)[] gpus) =>
        string.Join('\n', gpus.SelectMany(gpu => Enumerable.Range(1, gpu.Count).Select(i =>
    {
        var (name, folder) = ($"{gpu.Bus}:{i >> 3:x2}.{i & 7}", $"sys/devices/pci0000:00/{gpu.Bus}:{i >> 3:x2}.{i & 7}");
        var type = $"{folder}/mdev_supported_types/nvidia-558";
        return $"""
            sys/class/mdev_bus/{name} -> ../../devices/pci0000:00/{name}
            {folder}/physfn -> ../{gpu.Bus}:00.0
            {folder}/vendor = 0x10de\n
            {type}/name = NVIDIA A40-2Q\n
            {type}/available_instances = 1\n
            {type}/device_api = vfio-pci\n
            {folder}/mdev_supported_types/nvidia-563/name = NVIDIA A40-48Q\n
            """;
    })));

    private static string Many(int count, string rules)
    {
        var uuids = Enumerable.Range(1, count).Select(i => $"6a2f1c3e-0000-4000-8000-{i:d12}").ToArray();
        var hostdevs = string.Concat(uuids.Select(u => $"<hostdev uuid='{u}' type='NVIDIA A40-2Q'/>"));
        return DomainText.Around($"""<hostdevs xmlns="urn:libvirt-mdev-hook:1" {rules}>{hostdevs}</hostdevs>""", uuids);
    }

    private static void Record(TreeOfText tree, string domain, string device, Stage stage)
    {
        var store = tree.Store();
        store.MakeFolders();
        var parent = SysfsName.Parse("0000:86:00.0");
        var claim = new Claim(
            DeviceId.Mdev(Guid.Parse(device)), parent, parent, Dialect.Rfc2016,
            new ClaimedType(SysfsName.Parse("17"), "GRID M60-4Q", "4096M"), [], "", AttachedBy.Hostdev, stage);
        var other = Guid.Parse("99999999-9999-4999-8999-999999999999");
        store.Save(new Record(other, domain, TreeOfText.Boot, new Moment(1), Phase.Prepared, [claim]));
    }
}
