using System.Collections.Immutable;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Log;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;
using LibvirtMdevHook.Settings;
using NUnit.Framework;
using static LibvirtMdevHook.Tests.VfText;
using static VerifyNUnit.Verifier;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>A tree with VFs and a declaration in, a plan or its refusals out.</summary>
internal sealed class VfPlanTests
{
    private const string First = "0000:41:00.4";
    private const string Second = "0000:41:00.5";
    private const string Board = "NVIDIA RTX Pro 6000 Blackwell DC";
    private const string Whole = $"{Board}-12Q";

    /// <summary>What a VF lists when its GPU is in MIG mode, and when it is not.</summary>
    private const string Mig = $@"ID    : vGPU Name\n1546  : {Board}-1-2Q\n";
    private const string NoMig = $@"ID    : vGPU Name\n1528  : {Whole}\n";

    private static readonly string IdleGpu = Gpu("0000:41", (0, Idle), (0, Idle));
    private static readonly string BusyGpu = Gpu("0000:41", (558, Empty), (0, Beside2Q));

    [TestCase("NVIDIA A40-2Q")]
    [TestCase("a40 2q")]
    [TestCase("nvidia-558")]
    [TestCase("558")]
    public void A_type_is_found_by_its_name_and_by_either_id(string type) =>
        Assert.That(PlanOf(IdleGpu, Declaring("", Hostdev(First, type))),
            Is.EqualTo($"set {First} of 0000:41:00.0 (vf) to nvidia-558 'NVIDIA A40-2Q'\n"));

    [Test]
    public Task Two_VFs_are_set_one_after_the_other() =>
        Plan(IdleGpu, "", Hostdev(First, "NVIDIA A40-2Q"), Hostdev(Second, "NVIDIA A40-2Q"));

    [Test]
    public Task A_type_that_there_is_not_has_near_misses() => Plan(IdleGpu, "", Hostdev(First, "NVIDIA A40-3Q"));

    /// <summary>The declaration asks for 12 GB of a whole GPU; a GPU in MIG mode offers 2 GB of an instance.</summary>
    [Test]
    public Task A_type_of_a_whole_GPU_is_none_of_a_GPU_in_MIG_mode() => Plan(Gpu("0001:c8", (0, Mig)), "", Hostdev("0001:c8:00.4", Whole));

    [Test]
    public Task A_type_of_a_GPU_instance_is_none_of_a_GPU_that_is_not_in_MIG_mode() =>
        Plan(Gpu("0001:c8", (0, NoMig)), "", Hostdev("0001:c8:00.4", $"{Board}-1-2Q"));

    [TestCase("NVIDIA RTX Pro 6000 Blackwell DC-1-2Q")]
    [TestCase("rtx_pro_6000_blackwell_dc_1_2q")]
    public void A_type_of_a_GPU_instance_is_found_by_its_name(string type) => Assert.That(
        PlanOf(Gpu("0001:c8", (0, Mig)), Declaring("", Hostdev("0001:c8:00.4", type))),
        Is.EqualTo($"set 0001:c8:00.4 of 0001:c8:00.0 (vf) to nvidia-1546 '{Board}-1-2Q'\n"));

    [TestCase("DC-1-3Q")]
    [TestCase("dc_1_3q")]
    public void A_type_of_a_GPU_instance_that_is_missing_is_not_taken_for_one_of_a_whole_GPU(string type) => Assert.That(
        PlanOf(Gpu("0001:c8", (0, Mig)), Declaring("", Hostdev("0001:c8:00.4", type))),
        Does.StartWith("refuse: ").And.Not.Contain("in MIG mode"));

    [TestCase(Whole)]
    [TestCase("RTX Pro 6000 Blackwell DC 12Q")]
    public void Of_two_GPUs_that_is_taken_which_has_the_type_and_not_the_one_in_MIG_mode(string type)
    {
        using var tree = new TreeOfText(
            Gpu("0000:41") + MdevVf(6, "0000:41", "nvidia-1546", $"{Board}-1-2Q")
            + Gpu("0000:51") + MdevVf(6, "0000:51", "nvidia-1546", $"{Board}-1-2Q") + MdevType("0000:51:00.6", "nvidia-1528", Whole));

        var plan = TreePlan.Of(tree, Declaring("", $"<hostdev uuid='{DomainText.First}' type='{type}'/>"));

        Assert.That(plan.ToString(), Is.EqualTo($"create {DomainText.First} on 0000:51:00.6 (mdev) as nvidia-1528 '{Whole}'\n"));
    }

    [Test]
    public Task A_type_that_was_never_seen_may_still_be_hidden_beside_others() => Plan(BusyGpu, "", Hostdev(Second, "NVIDIA A40-48Q"));

    [Test]
    public Task A_type_that_was_seen_earlier_is_named_though_it_is_hidden() =>
        Plan(BusyGpu + Seen("unknown"), "", Hostdev(Second, "nvidia-563"));

    [Test]
    public Task A_full_GPU_still_says_what_a_number_is() =>
        Plan(Gpu("0000:41", (558, Empty), (0, Empty)) + Seen("unknown"), "", Hostdev(Second, "558"));

    [Test]
    public Task What_another_version_of_the_driver_showed_is_forgotten() =>
        Plan(BusyGpu + Seen("535.1"), "", Hostdev(Second, "nvidia-563"));

    [Test]
    public Task A_VF_that_lists_nothing_though_its_GPU_is_idle_points_to_the_daemons() =>
        Plan(Gpu("0000:41", (0, Empty)), "", Hostdev(First, "NVIDIA A40-2Q"));

    [Test]
    public Task A_foreign_VF_of_the_type_is_used_and_left() => Plan(BusyGpu, "", Hostdev(First, "NVIDIA A40-2Q"));

    [Test]
    public Task A_foreign_VF_of_another_type_is_refused() => Plan(BusyGpu, "", Hostdev(First, "NVIDIA A40-1Q"));

    [Test]
    public Task A_name_from_earlier_decides_nothing_about_a_foreign_VF() =>
        Plan(Gpu("0000:41", (558, Empty), (0, Empty)) + Seen("unknown"), "", Hostdev(First, "NVIDIA A40-2Q"));

    [Test]
    public Task An_attribute_of_a_foreign_VF_is_refused() => Plan(BusyGpu, "",
        Hostdev(First, "NVIDIA A40-2Q")
            .Replace("/>", "><attr name='nvidia/vgpu_params' value='x=1'/></hostdev>", StringComparison.Ordinal));

    [Test]
    public Task A_PF_is_no_VF() => Plan(IdleGpu, "", Hostdev("0000:41:00.0", "NVIDIA A40-2Q"));

    [Test]
    public Task A_PF_whose_VFs_are_not_enabled_is_named_with_the_command() => Plan(Gpu("0000:41"), "", Hostdev(First, "NVIDIA A40-2Q"));

    [Test]
    public Task Of_several_such_PFs_the_one_is_named_that_would_have_the_VF() =>
        Plan(Gpu("0000:41") + Gpu("0000:51"), "", Hostdev("0000:51:00.6", "NVIDIA A40-2Q"));

    [Test]
    public Task A_mediated_device_finds_no_parent_on_a_PF_whose_VFs_are_not_enabled() =>
        Plan(Gpu("0000:41"), "", $"<hostdev uuid='{DomainText.First}' type='NVIDIA A40-2Q'/>");

    [Test]
    public Task A_VF_that_is_not_there_is_refused() => Plan(IdleGpu, "", Hostdev("0000:99:00.4", "NVIDIA A40-2Q"));

    [Test]
    public Task Another_drivers_VF_is_refused() => Plan(
        IdleGpu.Replace($"{First}/nvidia/", $"{First}/other/", StringComparison.Ordinal)
            .Replace($"{First}/driver -> ../../../bus/pci/drivers/nvidia", $"{First}/driver -> ../../../bus/pci/drivers/vfio-pci",
                StringComparison.Ordinal),
        "", Hostdev(First, "NVIDIA A40-2Q"));

    [Test]
    public Task A_VF_of_the_declared_PF_is_taken() => Plan(IdleGpu, "", Hostdev(First, "NVIDIA A40-2Q", "parent='pci_0000_41_00_0'"));

    [Test]
    public Task A_VF_of_another_PF_than_declared_is_refused() =>
        Plan(IdleGpu, "", Hostdev(First, "NVIDIA A40-2Q", "parent='0000:51:00.0'"));

    [Test]
    public Task Excluding_a_PF_excludes_its_VFs() =>
        Plan(IdleGpu + """etc/libvirt/mdev-hook.conf = excluded_parents = ["pci_0000_41_00_0"]\n""", "", Hostdev(First, "NVIDIA A40-2Q"));

    [Test]
    public Task VFs_of_one_PF_are_on_one_GPU() =>
        Plan(IdleGpu, "gpu='different'", Hostdev(First, "NVIDIA A40-2Q"), Hostdev(Second, "NVIDIA A40-2Q"));

    [Test]
    public Task A_VF_and_a_mediated_device_of_one_PF_share_a_GPU() => Plan(
        IdleGpu + MdevVf(6), "gpu='same'", Hostdev(First, "NVIDIA A40-2Q"), $"<hostdev uuid='{DomainText.First}' type='NVIDIA A40-2Q'/>");

    [Test]
    public Task A_VF_with_a_type_counts_for_the_placement_of_mediated_devices() => Plan(
        BusyGpu + MdevVf(6) + Gpu("0000:51") + MdevVf(6, "0000:51"), "", $"<hostdev uuid='{DomainText.First}' type='NVIDIA A40-2Q'/>");

    [TestCase("NVIDIA A40-2Q", "0000:41:00.6", Description = "a mediated device, though the VFs are as good")]
    [TestCase("NVIDIA A40-1Q", "0000:41:00.4", Description = "only VFs have the type")]
    public void A_device_without_a_name_becomes_a_VF_only_where_it_has_to(string type, string parent)
    {
        using var tree = new TreeOfText(IdleGpu + MdevVf(6));
        var domain = DomainText.Parse(Declaring("", $"<hostdev uuid='{DomainText.First}' type='{type}'/>"));
        var settings = HostSettings.Load(tree.Root);
        var context = new OperationContext(tree.Root, settings, tree.Store(), new HookLog(tree.Root, settings, "test"));

        var plan = Planner.Make(
            PlanInputReader.ForUnnamed(context, domain, domain.Declaration!, ImmutableDictionary<SysfsName, string>.Empty, []));

        Assert.That(plan.Record!.Claims.Single().Parent.ToString(), Is.EqualTo(parent));
        Assert.That(plan.Record.Claims[0].NameThere.ToString(), Is.EqualTo(type == "NVIDIA A40-2Q" ? DomainText.First : parent));
    }

    [Test]
    public Task A_VF_of_another_domain_is_refused_by_name()
    {
        using var tree = new TreeOfText(BusyGpu);
        var store = tree.Store();
        store.MakeFolders();
        var (vf, pf) = (SysfsName.Parse(First), SysfsName.Parse("0000:41:00.0"));
        Assert.That(DeviceId.TryParse(First, out var device));
        var claim = new Claim(
            device!, vf, pf, Dialect.Vf, new ClaimedType(SysfsName.Parse("nvidia-558"), "NVIDIA A40-2Q", null), [], "", AttachedBy.Hostdev,
            Stage.Online, 7);
        var other = Guid.Parse("99999999-9999-4999-8999-999999999999");
        store.Save(new Record(other, "the-other", TreeOfText.Boot, new Moment(1), Phase.Prepared, [claim]));
        return Verify(TreePlan.Of(tree, Declaring("", Hostdev(First, "NVIDIA A40-2Q"))).ToString());
    }

    [Test]
    public void A_VF_on_a_record_of_a_newer_version_is_not_free()
    {
        using var tree = new TreeOfText(IdleGpu);
        tree.AddNewerRecord("99999999-9999-4999-8999-999999999999", First, First);
        var domain = DomainText.Parse(Declaring("", Hostdev(First, "NVIDIA A40-2Q")));
        var settings = HostSettings.Load(tree.Root);
        var context = new OperationContext(tree.Root, settings, tree.Store(), new HookLog(tree.Root, settings, "test"));

        var refusal = TreePlan.Of(tree, Declaring("", Hostdev(First, "NVIDIA A40-2Q"))).Refusals.Single();
        Assert.That(refusal.Text, Does.Contain("record version 2"));
        Assert.That(IncomingPlan.Of(PlanInputReader.Incoming(context, domain, domain.Declaration!)).Plan.Record!.Claims.Single().Parent,
            Is.EqualTo(SysfsName.Parse(Second)));
    }

    private static string Seen(string driver) =>
        $"var/cache/libvirt-mdev/0000:41:00.0 = driver {driver}\\nnvidia-558 NVIDIA A40-2Q\\nnvidia-563 NVIDIA A40-48Q\\n\n";

    /// <summary>One more VF of a PF, which takes mediated devices.</summary>
    private static string MdevVf(int function, string bus = "0000:41", string id = "nvidia-558", string name = "NVIDIA A40-2Q") => $"""
        sys/class/mdev_bus/{bus}:00.{function} -> ../../devices/pci0000:00/{bus}:00.{function}
        sys/bus/pci/devices/{bus}:00.{function} -> ../../../devices/pci0000:00/{bus}:00.{function}
        sys/devices/pci0000:00/{bus}:00.{function}/physfn -> ../{bus}:00.0
        sys/devices/pci0000:00/{bus}:00.{function}/vendor = 0x10de\n

        """ + MdevType($"{bus}:00.{function}", id, name) + MdevType($"{bus}:00.{function}", "nvidia-563", "NVIDIA A40-48Q");

    private static string MdevType(string parent, string id, string name) => $"""
        sys/devices/pci0000:00/{parent}/mdev_supported_types/{id}/name = {name}\n
        sys/devices/pci0000:00/{parent}/mdev_supported_types/{id}/available_instances = 1\n
        sys/devices/pci0000:00/{parent}/mdev_supported_types/{id}/device_api = vfio-pci\n

        """;

    private static Task Plan(string lines, string rules, params string[] hostdevs) => Verify(PlanOf(lines, Declaring(rules, hostdevs)));

    private static string PlanOf(string lines, string xml)
    {
        using var tree = new TreeOfText(lines);
        return TreePlan.Of(tree, xml).ToString();
    }
}
