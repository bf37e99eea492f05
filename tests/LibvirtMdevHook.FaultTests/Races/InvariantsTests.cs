using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Races;

/// <summary>The checker has to complain of each bad story, and not of a good one.</summary>
[TestFixture]
internal sealed class InvariantsTests
{
    private const string Gpu = "sys/devices/pci0000:80/0000:80:02.0/0000:86:00.0";
    private const string First = "6a2f0d1c-0000-4000-8000-000000000001";
    private const string Second = "6a2f0d1c-0000-4000-8000-000000000002";
    private const string Vf = "0000:41:00.4";

    private static readonly Guid Red = Guid.Parse("aaaaaaaa-0000-4000-8000-000000000000");
    private static readonly Guid Blue = Guid.Parse("bbbbbbbb-0000-4000-8000-000000000000");

    [Test]
    public void A_whole_life_is_as_it_should_be() => ExpectComplaints(null,
        Begin(Red, "prepare", First, Second), Made(First, Red), Made(Second, Red), Online(First, 1), Online(Second, 1),
        Good(Red, "prepare", First, Second), Begin(Red, "stopped"), Online(First, 0), Online(Second, 0), Destroyed(First),
        Destroyed(Second), Begin(Blue, "prepare", First), Made(First, Blue), Online(First, 1), Good(Blue, "prepare", First));

    [Test]
    public void Two_domains_that_start_with_one_device() => ExpectComplaints("booked twice",
        Begin(Red, "prepare", First), Begin(Blue, "prepare", First), Made(First, Red), Online(First, 1), Good(Red, "prepare", First),
        Good(Blue, "prepare", First));

    [Test]
    public void Two_domains_that_start_with_one_VF() => ExpectComplaints("booked twice",
        Begin(Red, "prepare", Vf), Begin(Blue, "prepare", Vf), VfSet("1147"), Good(Red, "prepare", Vf), Good(Blue, "prepare", Vf));

    [Test]
    public void Two_that_set_the_type_of_one_VF() => ExpectComplaints("booked twice", VfSet("1147"), VfSet("1147", "EPERM"));

    [Test]
    public void A_device_that_is_reserved_for_two() => ExpectComplaints("booked twice",
        Begin(Red, "migrate", First), Begin(Blue, "migrate", First), Good(Red, "migrate", First), Good(Blue, "migrate", First));

    [Test]
    public void A_device_that_is_reserved_for_one_and_taken_by_another() => ExpectComplaints("booked twice",
        Begin(Red, "migrate", First), Good(Red, "migrate", First),
        Begin(Blue, "prepare", First), Made(First, Blue), Online(First, 1), Good(Blue, "prepare", First));

    [Test]
    public void Two_that_make_one_device() => ExpectComplaints("booked twice", Made(First, Red), Made(First, Blue, "EEXIST"));

    [Test]
    public void Two_that_take_the_last_instance() => ExpectComplaints("booked twice", Made(First, Red), Made(Second, Blue, "ENOSPC"));

    [Test]
    public void A_device_that_is_online_before_the_last_is_made() => ExpectComplaints("online too early",
        Begin(Red, "prepare", First, Second), Made(First, Red), Online(First, 1), Made(Second, Red));

    [Test]
    public void A_device_that_is_online_before_another_of_another_interface_is_made() => ExpectComplaints("online too early",
        Begin(Red, "prepare", First, Vf), Made(First, Red), Online(First, 1), VfSet("1147"));

    [Test]
    public void A_device_that_is_taken_from_a_domain_that_runs() => ExpectComplaints("taken from a domain that runs",
        Begin(Red, "prepare", First), Made(First, Red), Online(First, 1), Good(Red, "prepare", First), Destroyed(First, "EBUSY"));

    [Test]
    public void A_device_whose_removal_from_a_domain_that_runs_hangs() => ExpectComplaints("taken from a domain that runs",
        Begin(Red, "prepare", First), Line($"{Gpu}/mdev_supported_types/nvidia-18/create", First), Good(Red, "prepare", First),
        SysfsWrite.Parse($"9 begin write {Gpu}/{First}/remove \"1\"")!);

    [Test]
    public void A_device_that_goes_offline_under_a_domain_that_runs() => ExpectComplaints("taken from a domain that runs",
        Begin(Red, "prepare", First), Made(First, Red), Online(First, 1), Good(Red, "prepare", First), Online(First, 0));

    [Test]
    public void A_VF_that_is_cleared_under_a_domain_that_runs() => ExpectComplaints("taken from a domain that runs",
        Begin(Red, "prepare", Vf), VfSet("1147"), Good(Red, "prepare", Vf), VfSet("0"));

    [Test]
    public void A_foreign_device_that_is_removed() => ExpectComplaints("not ours",
        Begin(Red, "prepare", First), Made(First, Red), Online(First, 1), Good(Red, "prepare", First),
        Begin(Red, "vanish", First), Begin(Red, "stranger", First), Made(First, Red), Good(Red, "stranger", First),
        Begin(Red, "stopped"), Destroyed(First));

    [Test]
    public void A_start_that_is_good_without_its_device() =>
        ExpectComplaints("missing", Begin(Red, "prepare", First), Good(Red, "prepare", First));

    [Test]
    public void A_start_that_is_good_with_a_device_that_is_offline() => ExpectComplaints("missing",
        Begin(Red, "prepare", First), Made(First, Red), Good(Red, "prepare", First));

    [Test]
    public void A_domain_that_died_with_libvirtd_does_not_run() => ExpectComplaints(null,
        Begin(Red, "prepare", First), Made(First, Red), Online(First, 1), Good(Red, "prepare", First), Begin(Red, "died"), Online(First, 0),
        Destroyed(First));

    private static void ExpectComplaints(string? of, params object[] story)
    {
        var complaints = Invariants.Check(story);
        if (of is null)
            Assert.That(complaints, Is.Empty);
        else
            Assert.That(complaints, Is.Not.Empty.And.All.StartsWith(of));
    }

    private static Mark Begin(Guid domain, string operation, params string[] devices) => new(domain, operation, [.. devices]);

    private static Mark Good(Guid domain, string operation, params string[] devices) => new(domain, operation, [.. devices], 0);

    private static SysfsWrite Made(string device, Guid domain, string result = "ok") =>
        Line($"{Gpu}/mdev_create", $"{device}:vgpu_type_id=16,vm_uuid={domain}", result);

    private static SysfsWrite Destroyed(string device, string result = "ok") =>
        Line($"{Gpu}/mdev_destroy", $"{device}:vgpu_type_id=16", result);

    private static SysfsWrite Online(string device, int value) => Line($"{Gpu}/{device}/online", $"{value}");

    private static SysfsWrite VfSet(string type, string result = "ok") =>
        Line($"sys/devices/pci0000:40/0000:40:01.0/{Vf}/nvidia/current_vgpu_type", type, result);

    private static SysfsWrite Line(string path, string data, string result = "ok") =>
        SysfsWrite.Parse($"7 write {path} \"{data}\" {result}")!;
}
