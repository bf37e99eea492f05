using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>
/// Who says whether another framebuffer size fits on a GPU: beside a device that exists its driver does; beside a device that another
/// domain is about to make, nobody knows. The GPU has three VFs that are parents of mediated devices.
/// </summary>
internal sealed class SizeRuleTests
{
    private const string Gpu = "0000:41:00.0";
    private const string Domain = "99999999-9999-4999-8999-999999999999";
    private const string Other = "99999999-9999-4999-8999-000000000001";

    [TestCase("GRID A100D-1-10C", "GRID A100D-2-20C", TestName = "A part of a MIG instance fits beside one of another size")]
    [TestCase("NVIDIA A40-4Q", "NVIDIA A40-6Q", TestName = "Another size fits where the driver offers it")]
    public void The_driver_counts_the_devices_that_exist(string running, string wanted)
    {
        using var tree = new TreeOfText(Vf(4, running, 0, wanted, 0) + Vf(5, running, 1, wanted, 1) + Device(4, Id(running)));
        Record(tree, 4, running, Stage.Online);

        Assert.That(PlanOf(tree, wanted).Record?.Claims.Single().Parent.ToString(), Is.EqualTo("0000:41:00.5"));
    }

    [Test]
    public void A_driver_that_offers_none_says_so_and_the_size_in_use_explains_it()
    {
        using var tree = new TreeOfText(
            Vf(4, "NVIDIA A40-4Q", 0, "NVIDIA A40-6Q", 0) + Vf(5, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 0) + Device(4, Id("NVIDIA A40-4Q")));
        Record(tree, 4, "NVIDIA A40-4Q", Stage.Online);

        Assert.That(PlanOf(tree, "NVIDIA A40-6Q").Refusal,
            Does.Contain("'0000:41:00.4': a VF takes one device, and this one has it already")
                .And.Contain("'0000:41:00.5': another size is in use ('NVIDIA A40-4Q', 4096M)"));
    }

    [TestCase(Stage.Reserved), TestCase(Stage.Intended)]
    public void Another_size_waits_for_a_domain_that_is_starting(Stage stage)
    {
        using var tree = new TreeOfText(Vf(4, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 1) + Vf(5, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 1));
        using var starting = Record(tree, 4, "NVIDIA A40-4Q", stage, isStarting: true);

        var refusal = PlanOf(tree, "NVIDIA A40-6Q").Refusals.Single();

        Assert.That(refusal.Text, Does.Contain("the domain 'other' is starting with another size ('NVIDIA A40-4Q', 4096M) on its GPU"));
        Assert.That(refusal.CuredBy, Is.EqualTo(CuredBy.Start));
    }

    /// <summary>What is still to be made cannot bring back what the driver does not offer beside what runs.</summary>
    [Test]
    public void Another_size_waits_for_no_domain_where_the_driver_has_said_no()
    {
        using var tree = new TreeOfText(
            Vf(4, "NVIDIA A40-4Q", 0, "NVIDIA A40-6Q", 0) + Vf(5, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 0) + Device(4, Id("NVIDIA A40-4Q")));
        Record(tree, 4, "NVIDIA A40-4Q", Stage.Online);
        using var starting = Record(tree, 5, "NVIDIA A40-4Q", Stage.Intended, Other, isStarting: true);

        var refusal = PlanOf(tree, "NVIDIA A40-6Q").Refusals.Single();

        Assert.That(refusal.Text, Does.Contain("another size is in use ('NVIDIA A40-4Q', 4096M)"));
        Assert.That(refusal.CuredBy, Is.EqualTo(CuredBy.Nothing));
    }

    [Test]
    public void Another_size_waits_for_no_domain_whose_driver_does_not_come_back()
    {
        using var tree = new TreeOfText(Vf(4, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 1) + Vf(5, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 1));
        using var stuck = Record(tree, 4, "NVIDIA A40-4Q", Stage.Intended, isStarting: true, call: new Moment(1));

        Assert.That(PlanOf(tree, "NVIDIA A40-6Q").Refusals.Single().CuredBy, Is.EqualTo(CuredBy.Nothing));
    }

    [Test]
    public void Another_size_waits_for_no_domain_whose_start_was_broken_off()
    {
        using var tree = new TreeOfText(Vf(4, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 1) + Vf(5, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 1));
        tree.Add("proc/locks =");
        Record(tree, 4, "NVIDIA A40-4Q", Stage.Intended);

        Assert.That(PlanOf(tree, "NVIDIA A40-6Q").Refusals.Single().CuredBy, Is.EqualTo(CuredBy.Nothing));
    }

    /// <summary>Each device fits on the GPU where nobody starts, but not both.</summary>
    [Test]
    public void Devices_that_do_not_fit_together_wait_for_a_domain_that_is_starting_too()
    {
        var other = new Record(
            Guid.Parse(Other), "other", TreeOfText.Boot, new Moment(1), Phase.Preparing, [ClaimOf(0, "NVIDIA A40-4Q", Stage.Reserved)]);
        var input = HostInMemory.Input(
            [HostInMemory.Mdev(Gpu, "2Q=1 4Q=1"), HostInMemory.Mdev("0000:42:00.0", "2Q=1")], GpuRule.Any, "2Q", "2Q");

        var refusal = Planner.Make(input with { Others = [other], Starting = [other.Domain] }).Refusals.Single();

        Assert.That(refusal.Text, Does.Contain("do not fit together"));
        Assert.That(refusal.CuredBy, Is.EqualTo(CuredBy.Start));
    }

    [Test]
    public void Another_size_is_refused_beside_a_reservation()
    {
        using var tree = new TreeOfText(Vf(4, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 1) + Vf(5, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 1));
        Reserve(tree, 4, "NVIDIA A40-4Q");

        var refusal = PlanOf(tree, "NVIDIA A40-6Q").Refusals.Single();

        Assert.That(refusal.Text, Does.Contain("is reserved on its GPU for the domain 'other', which may be coming here"));
        Assert.That(refusal.CuredBy, Is.EqualTo(CuredBy.Nothing));
    }

    [Test]
    public void The_same_size_needs_no_waiting()
    {
        using var tree = new TreeOfText(Vf(4, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 1) + Vf(5, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 1));
        Record(tree, 4, "NVIDIA A40-4Q", Stage.Intended);

        Assert.That(PlanOf(tree, "NVIDIA A40-4Q").Record?.Claims.Single().Parent.ToString(), Is.EqualTo("0000:41:00.5"));
    }

    [Test]
    public void Parts_of_MIG_instances_need_no_waiting()
    {
        using var tree = new TreeOfText(
            Vf(4, "GRID A100D-1-10C", 1, "GRID A100D-2-20C", 1) + Vf(5, "GRID A100D-1-10C", 1, "GRID A100D-2-20C", 1));
        Record(tree, 4, "GRID A100D-1-10C", Stage.Intended);

        Assert.That(PlanOf(tree, "GRID A100D-2-20C").Record, Is.Not.Null);
    }

    /// <summary>Of 48 GB a 4Q runs, and another domain is about to make the claimed type.</summary>
    [TestCase("NVIDIA A40-24Q", "NVIDIA A40-6Q", ExpectedResult = true)]
    [TestCase("NVIDIA A40-24Q", "NVIDIA A40-24Q", ExpectedResult = false, Description = "4 + 24 + 24 are more than 48")]
    [TestCase("NVIDIA A40-6Q", "NVIDIA A40-24Q", ExpectedResult = true)]
    public bool On_a_GPU_that_runs_several_sizes_what_is_claimed_is_added_up(string claimed, string wanted)
    {
        using var tree = new TreeOfText(
            Vf(4, "NVIDIA A40-4Q", 0, wanted, 0) + Vf(5, "NVIDIA A40-4Q", 1, wanted, 1) + Vf(6, "NVIDIA A40-4Q", 1, wanted, 1)
            + Device(4, Id("NVIDIA A40-4Q")));
        Record(tree, 4, "NVIDIA A40-4Q", Stage.Online);
        Record(tree, 5, claimed, Stage.Intended, Other);

        return PlanOf(tree, wanted).Record is not null;
    }

    /// <summary>The VF on which the GPU runs a device already is not read then.</summary>
    [Test]
    public void A_GPU_is_seen_to_run_several_sizes_also_where_one_of_its_VFs_is_declared()
    {
        using var tree = new TreeOfText(
            Vf(4, "NVIDIA A40-4Q", 0, "NVIDIA A40-6Q", 0) + Vf(5, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 1)
            + Vf(6, "NVIDIA A40-4Q", 1, "NVIDIA A40-6Q", 1) + Device(4, Id("NVIDIA A40-4Q")));
        Record(tree, 4, "NVIDIA A40-4Q", Stage.Online);
        Record(tree, 5, "NVIDIA A40-4Q", Stage.Intended, Other);

        Assert.That(PlanOf(tree, "NVIDIA A40-6Q", "parent='0000:41:00.6'").Record, Is.Not.Null);
    }

    [Test]
    public void Of_one_domain_two_sizes_go_to_one_GPU_only_where_there_is_no_other()
    {
        var two = HostInMemory.Input([HostInMemory.Mdev("0000:41:00.0", "2Q=4 4Q=2"), HostInMemory.Mdev("0000:42:00.0", "2Q=4 4Q=2")],
            GpuRule.Any, "2Q", "4Q");
        var one = HostInMemory.Input([HostInMemory.Mdev("0000:41:00.0", "2Q=4 4Q=2")], GpuRule.Any, "2Q", "4Q");

        Assert.That(Planner.Make(two).Record!.Claims.Select(c => c.Gpu).Distinct().Count(), Is.EqualTo(2));
        Assert.That(Planner.Make(one).Record, Is.Not.Null, "the driver says whether it takes them");
    }

    /// <summary>Breadth first alone would give each GPU a 4Q, and leave none for the 2Q.</summary>
    [TestCase("4Q", "4Q", "2Q")]
    [TestCase("2Q", "4Q", "4Q")]
    public void Devices_of_one_size_leave_a_GPU_to_the_other_size(params string[] types)
    {
        var two = HostInMemory.Input(
            [HostInMemory.Mdev("0000:41:00.0", "2Q=4 4Q=2"), HostInMemory.Mdev("0000:42:00.0", "2Q=4 4Q=2")], GpuRule.Any, types);

        var claims = Planner.Make(two).Record!.Claims;

        Assert.That(claims.GroupBy(c => c.Gpu).Select(gpu => gpu.DistinctBy(c => c.Type!.Id).Count()), Is.EqualTo(new[] { 1, 1 }));
    }

    [Test]
    public void A_whole_GPU_takes_no_more_of_several_sizes_than_it_has()
    {
        var fits = HostInMemory.Input([HostInMemory.Mdev(Gpu, "2Q=4 4Q=2")], GpuRule.Any, "2Q", "2Q", "4Q");
        var tooMany = HostInMemory.Input([HostInMemory.Mdev(Gpu, "2Q=4 4Q=2")], GpuRule.Any, "2Q", "2Q", "2Q", "4Q");

        Assert.That(Planner.Make(fits).Record, Is.Not.Null);
        Assert.That(Planner.Make(tooMany).Record, Is.Null);
    }

    private static string Id(string type) => $"nvidia-{type.Sum(c => c)}";

    private static string Vf(int function, string first, int firstLeft, string second, int secondLeft)
    {
        var (name, folder) = ($"0000:41:00.{function}", $"sys/devices/pci0000:00/0000:41:00.{function}");
        return $"""
            sys/class/mdev_bus/{name} -> ../../devices/pci0000:00/{name}
            {folder}/physfn -> ../{Gpu}
            {folder}/vendor = 0x10de\n
            {folder}/mdev_supported_types/nvidia-563/name = NVIDIA A40-48Q\n
            {Type(folder, first, firstLeft)}
            {Type(folder, second, secondLeft)}

            """;
    }

    private static string Type(string folder, string name, int left) => $"""
        {folder}/mdev_supported_types/{Id(name)}/name = {name}\n
        {folder}/mdev_supported_types/{Id(name)}/available_instances = {left}\n
        {folder}/mdev_supported_types/{Id(name)}/device_api = vfio-pci\n
        {folder}/mdev_supported_types/{Id(name)}/description = num_heads=4, framebuffer={Framebuffer(name)}, max_instance=4\n
        """;

    private static string Framebuffer(string name) => $"{int.Parse(name.Split('-')[^1][..^1]) * 1024}M";

    private static string Device(int function, string type) => $"""
        sys/bus/mdev/devices/{Uuid(function)} -> ../../../devices/pci0000:00/0000:41:00.{function}/{Uuid(function)}
        sys/devices/pci0000:00/0000:41:00.{function}/{Uuid(function)}/mdev_type -> ../mdev_supported_types/{type}

        """;

    private static string Uuid(int function) => $"aaaaaaaa-0000-4000-8000-00000000000{function}";

    private static Claim ClaimOf(int function, string type, Stage stage) => new(
        DeviceId.Mdev(Guid.Parse(Uuid(function))), SysfsName.Parse($"0000:41:00.{function}"), SysfsName.Parse(Gpu), Dialect.Mdev,
        new ClaimedType(SysfsName.Parse(Id(type)), type, Framebuffer(type)), [], "", AttachedBy.Hostdev, stage);

    /// <returns>The lock of the record, for a domain that is starting.</returns>
    private static IDisposable? Record(
        TreeOfText tree, int function, string type, Stage stage, string domain = Domain, bool isStarting = false, Moment? call = null)
    {
        var store = tree.Store();
        store.MakeFolders();
        var uuid = Guid.Parse(domain);
        store.Save(new Record(uuid, "other", TreeOfText.Boot, call ?? Moment.Now, Phase.Preparing, [ClaimOf(function, type, stage)]));
        if (!isStarting)
            return null;
        var held = store.Lock(uuid, Deadline.After(TimeSpan.Zero));
        File.WriteAllText(tree.PathOf("proc/locks"), File.ReadAllText("/proc/locks"));
        return held;
    }

    private static void Reserve(TreeOfText tree, int function, string type)
    {
        tree.Store().MakeFolders();
        tree.Store().SaveReservation(new Record(Guid.Parse(Other), "other", TreeOfText.Boot, new Moment(1), Phase.Preparing,
            [ClaimOf(function, type, Stage.Reserved)], Deadline.After(TimeSpan.FromMinutes(1))));
    }

    private static Plan PlanOf(TreeOfText tree, string type, string more = "") =>
        TreePlan.Of(tree, DomainText.Declaring(DomainText.Hostdev(DomainText.First, type, more)));
}
