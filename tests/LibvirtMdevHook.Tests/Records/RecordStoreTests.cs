using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;
using NUnit.Framework;
using static VerifyNUnit.Verifier;

namespace LibvirtMdevHook.Tests.Records;

/// <summary>Records survive the way to disk and back; what cannot be trusted is never acted on, and no read moves it.</summary>
internal sealed class RecordStoreTests
{
    private static readonly Guid Domain = Guid.Parse(DomainText.Uuid);

    [Test]
    public void A_record_comes_back_as_it_was_saved()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        var record = Full();
        store.Save(record);
        Assert.That(RecordXml.Write(store.Load(Domain)!).ToString(), Is.EqualTo(RecordXml.Write(record).ToString()));
        store.Delete(Domain);
        Assert.That(store.Load(Domain), Is.Null);
    }

    [Test]
    public Task A_record_with_everything_reads_well() => Verify(RecordXml.Write(Full()));

    [Test]
    public void A_removal_keeps_the_one_claim()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        store.SaveRemoving(Full().RemovalOf(Full().Claims[1]));
        var removing = store.Removing().Single();
        Assert.That((removing.Claims.Single().Device.ToString(), removing.Claims.Single().Stage),
            Is.EqualTo((DomainText.Second, Stage.Leaving)));
    }

    [Test]
    public void Of_the_locks_only_those_without_a_record_and_without_a_holder_are_bare()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        store.Save(Full());
        store.SaveRemoving(Full().RemovalOf(Full().Claims[1]));
        var soon = Deadline.After(TimeSpan.FromSeconds(1));
        store.Lock(Domain, soon)!.Dispose();
        store.LockRemoving(Full().Claims[1].Device, soon)!.Dispose();
        store.LockRemoving(Full().Claims[0].Device, soon)!.Dispose();
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(store.PathOf(Domain).Text)!, $"{Guid.NewGuid()}.lock"), "");
        var held = Guid.NewGuid();
        using var ours = store.Lock(held, soon)!;

        store.DeleteDebris();

        var folder = Path.GetDirectoryName(Path.GetDirectoryName(store.PathOf(Domain).Text))!;
        Assert.That(Directory.EnumerateFiles(folder, "*.lock", SearchOption.AllDirectories).Select(Path.GetFileName),
            Is.EquivalentTo(new[] { $"{Domain}.lock", $"{held}.lock", $"{DomainText.Second}.lock" }));
    }

    [Test]
    public void A_record_of_another_boot_means_nothing()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        store.Save(Full() with { Boot = "another" });
        Assert.Multiple(() =>
        {
            Assert.That(store.Load(Domain), Is.Null);
            Assert.That(store.Domains(), Is.Empty);
            Assert.That(tree.Reports, Is.Empty);
        });
    }

    [TestCase("", TestName = "An_empty_record_is_not_trusted")]
    [TestCase("<record version='1'", TestName = "A_torn_record_is_not_trusted")]
    [TestCase("<record version='0'/>", TestName = "A_record_of_no_version_is_not_trusted")]
    [TestCase("<record version='2'/>", TestName = "A_newer_record_without_its_boot_is_not_trusted")]
    [TestCase(
        "<record version='2' boot='b'><device><name>6a2f1c3e-0000-4000-8000-000000000001</name><parent>../a</parent></device></record>",
        TestName = "A_newer_record_with_a_path_for_a_parent_is_not_trusted")]
    [TestCase("<!DOCTYPE r [<!ENTITY a 'b'>]><record version='1'/>", TestName = "A_record_with_a_DTD_is_not_trusted")]
    [TestCase(
        "<record version='1' boot='b' generation='x' phase='prepared'>"
        + "<domain><uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid></domain></record>",
        TestName = "A_record_with_a_bad_number_is_not_trusted")]
    [TestCase(
        "<record version='1' boot='b' generation='1' phase='prepared'>"
        + "<domain><uuid>99999999-1d52-d8f3-2516-782e98ab3fa0</uuid></domain></record>",
        TestName = "A_record_of_another_domain_is_not_trusted")]
    [TestCase(
        "<record version='1' boot='b' generation='1' phase='prepared'><domain><uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid></domain>"
        + "<device stage='online' dialect='mdev' handover='hostdev'><name>../../x</name><parent>a</parent></device></record>",
        TestName = "A_record_with_a_path_for_a_device_is_not_trusted")]
    [TestCase(
        "<record version='1' boot='b' generation='1' phase='prepared'><domain><uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid></domain>"
        + "<device stage='online' dialect='mdev' handover='hostdev'>"
        + "<name>6a2f1c3e-0000-4000-8000-000000000001</name><parent>../a</parent></device></record>",
        TestName = "A_record_with_a_path_for_a_parent_is_not_trusted")]
    public void A_record_that_cannot_be_trusted_is_reported_once_and_moved_only_when_that_is_asked_for(string text)
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        File.WriteAllText(store.PathOf(Domain).Text, text);
        Assert.Multiple(() =>
        {
            Assert.That(store.Load(Domain), Is.Null);
            Assert.That(store.ReadAll().Domains, Is.Empty);
            Assert.That(store.ReadAll().Untrusted.Single().File, Is.EqualTo(store.PathOf(Domain)));
            Assert.That(tree.Reports.Single(), Does.Contain("is not acted on").And.Contain("it is left as it is"));
            Assert.That(File.ReadAllText(store.PathOf(Domain).Text), Is.EqualTo(text));
        });

        using (var own = store.Lock(Domain, Deadline.After(TimeSpan.FromSeconds(1))))
            Assert.That(own!.SetUntrustedAside(), Does.Contain("is not acted on").And.Contain("it now lies at").And.Contain("set-aside"));

        Assert.That(File.Exists(store.PathOf(Domain).Text), Is.False);
        Assert.That(Directory.GetFiles(tree.PathOf("run/libvirt-mdev/set-aside")).Select(File.ReadAllText), Is.EqualTo(new[] { text }));
    }

    [Test]
    public void A_record_of_a_newer_version_is_never_acted_on_and_its_devices_are_known()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        WriteNewer(store, TreeOfText.Boot);
        var newer = store.ReadAll().Newer.Single();
        Assert.Multiple(() =>
        {
            Assert.That((store.Load(Domain), store.Domains().Length, store.ReadAll().Untrusted.Length), Is.EqualTo((null as Record, 0, 0)));
            Assert.That((newer.Version, newer.Domain, newer.Name), Is.EqualTo((2, (Guid?)Domain, "win10")));
            Assert.That(newer.Devices.Select(d => $"{d.Device} {d.Parent}"),
                Is.EqualTo(new[] { $"{DomainText.First} 0000:86:00.0", $"{DomainText.Second} 0000:86:00.0" }));
            Assert.That(tree.Reports.Single(), Does.Contain("record version 2").And.Contain("this one knows 1"));
        });
    }

    [Test]
    public void A_record_of_a_newer_version_is_not_set_aside_for_a_want_of_trust()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        WriteNewer(store, TreeOfText.Boot);
        using (var own = store.Lock(Domain, Deadline.After(TimeSpan.FromSeconds(1))))
        {
            Assert.That(own!.SetUntrustedAside(), Is.Null);
            Assert.That(own.WhyNotReplaced()?.Text, Does.Contain("record version 2"));
            Assert.That(store.TrySetAside(store.PathOf(Domain), Deadline.After(TimeSpan.Zero))?.Text,
                Is.EqualTo("an operation is at work on it"));
        }

        Assert.That(store.TrySetAside(store.PathOf(Domain), Deadline.After(TimeSpan.Zero)), Is.Null);
        Assert.That(File.Exists(store.PathOf(Domain).Text), Is.False);
    }

    [Test]
    public void A_removal_of_a_newer_version_has_its_devices_and_no_domain()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        File.WriteAllText(tree.PathOf($"run/libvirt-mdev/removing/{DomainText.First}.xml"), NewerText(TreeOfText.Boot));
        var newer = store.ReadAll().Newer.Single();
        Assert.That((newer.Domain, newer.Owner), Is.EqualTo((null as Guid?, "the domain 'win10'")));
        Assert.That(newer.Has(DeviceId.Mdev(Guid.Parse(DomainText.First))));
        Assert.That(store.Removing(), Is.Empty);
    }

    [Test]
    public void A_record_of_a_newer_version_and_of_another_boot_means_nothing()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        WriteNewer(store, "another");
        Assert.That((store.ReadAll().Newer.Length, tree.Reports.Count), Is.EqualTo((0, 0)));
        Assert.That(store.OfOtherBoots(), Is.EqualTo(new[] { store.PathOf(Domain) }));
    }

    [Test]
    public void A_newer_reservation_is_not_deleted_and_an_untrusted_one_is_set_aside()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        var reservation = tree.PathOf($"run/libvirt-mdev/reserved/{Domain}.xml");
        File.WriteAllText(reservation, NewerText(TreeOfText.Boot));
        store.DeleteReservation(Domain);
        Assert.That(File.Exists(reservation), Is.True);

        File.WriteAllText(reservation, "torn");
        store.DeleteReservation(Domain);
        Assert.That(File.Exists(reservation), Is.False);
        Assert.That(Directory.GetFiles(tree.PathOf("run/libvirt-mdev/set-aside")), Has.Length.EqualTo(1));
    }

    [Test]
    public void A_record_that_others_may_write_is_not_trusted()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        store.Save(Full());
        File.SetUnixFileMode(store.PathOf(Domain).Text, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        Assert.That(store.Load(Domain), Is.Null);
        Assert.That(tree.Reports.Single(), Does.Contain("others than its owner may write to it"));
    }

    [Test]
    public void A_link_in_place_of_a_record_is_not_trusted()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        File.CreateSymbolicLink(store.PathOf(Domain).Text, "/etc/passwd");
        Assert.That(store.Load(Domain), Is.Null);
        Assert.That(tree.Reports.Single(), Does.Contain("not a regular file"));
    }

    [Test]
    public void A_record_that_could_not_be_read_back_is_not_written()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        var attr = Full().Claims[0].Attrs[0] with { Value = new string('"', 4095) };
        var claim = Full().Claims[0] with { Attrs = [.. Enumerable.Repeat(attr, 40)] };
        Assert.That(() => store.Save(Full() with { Claims = [claim] }), Throws.TypeOf<IOException>().With.Message.Contains("EFBIG"));
        Assert.That(store.Load(Domain), Is.Null);
    }

    [Test]
    public void A_name_with_control_characters_does_not_spoil_the_record()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        store.Save(Full() with { Name = "a\n\0b\ud800" });
        Assert.That(store.Load(Domain)!.Name, Is.EqualTo(@"a\n\u0000b?"));
    }

    [Test]
    public void A_lock_is_had_by_one_and_ends_with_its_holder()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        var soon = TimeSpan.FromMilliseconds(20);
        var first = store.Lock(Domain, Deadline.After(soon));
        Assert.That(store.Lock(Domain, Deadline.After(soon)), Is.Null, "another open of the same file is another holder");
        first!.Dispose();
        using var next = store.Lock(Domain, Deadline.After(soon));
        Assert.That(next, Is.Not.Null);
    }

    private static void WriteNewer(RecordStore store, string boot) => File.WriteAllText(store.PathOf(Domain).Text, NewerText(boot));

    /// <summary>A record as a later version may write it: of what this one knows it keeps little.</summary>
    private static string NewerText(string boot) => $"""
        <record version="2" boot="{boot}"><domain><name>win10</name></domain>
          <device state="new"><name>{DomainText.First}</name><parent>0000:86:00.0</parent></device>
          <device><name>{DomainText.Second}</name><parent>0000:86:00.0</parent></device>
        </record>
        """;

    private static Record Full()
    {
        var parent = SysfsName.Parse("0000:86:00.0");
        AttrName.TryParse("nvidia/vgpu_params", [], out var name);
        var first = new Claim(
            DeviceId.Mdev(Guid.Parse(DomainText.First)), parent, SysfsName.Parse("0000:80:00.0"), Dialect.Mdev,
            new ClaimedType(SysfsName.Parse("nvidia-18"), "GRID <M60-2Q>", "2048M"), [new Attr(name!, "a=1")], "", AttachedBy.Commandline,
            Stage.Online, 4711, Node: new DacLabel(0, 0));
        var second = new Claim(
            DeviceId.Mdev(Guid.Parse(DomainText.Second)), parent, parent, Dialect.Rfc2016, null, ImmutableArray<Attr>.Empty, "a=1",
            AttachedBy.Hostdev, Stage.Created, 12, IsForeign: true, WasOnline: true);
        return new Record(Domain, "win10", TreeOfText.Boot, new Moment(42), Phase.Started, [first, second]);
    }

    [Test]
    public void A_folder_that_others_may_write_to_is_not_trusted()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        store.Save(Full());
        File.SetUnixFileMode(tree.PathOf("run/libvirt-mdev/domains"), (UnixFileMode)0x1ff);
        Assert.That(() => store.Load(Domain), Throws.TypeOf<HostException>().With.Message.Contains("can be written to by others"));
        Assert.That(() => store.Domains(), Throws.TypeOf<HostException>());
        Assert.That(store.MakeFolders, Throws.TypeOf<HostException>());
    }

    [Test]
    public void A_record_that_is_longer_than_any_is_not_trusted()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        File.WriteAllText(store.PathOf(Domain).Text, RecordXml.Write(Full()) + new string(' ', 3 << 20));
        Assert.That(store.Load(Domain), Is.Null);
        Assert.That(tree.Reports.Single(), Does.Contain("longer than any"));
    }

    [Test]
    public void A_record_of_a_great_depth_is_not_trusted()
    {
        using var tree = new TreeOfText("");
        var store = tree.Store();
        store.MakeFolders();
        var deep = string.Concat(Enumerable.Repeat("<a>", 50_000)) + string.Concat(Enumerable.Repeat("</a>", 50_000));
        File.WriteAllText(store.PathOf(Domain).Text, $"<record version='1'><domain><name>{deep}</name></domain></record>");
        Assert.That(store.Load(Domain), Is.Null);
        Assert.That(tree.Reports.Single(), Does.Contain("nested deeper"));
    }
}
