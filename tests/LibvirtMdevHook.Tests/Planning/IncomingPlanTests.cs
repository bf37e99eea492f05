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

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>A domain migrates in: which devices keep their uuid here, and what is reserved for them.</summary>
internal sealed class IncomingPlanTests
{
    /// <summary>A foreign device on the tree m60-mdev, of type GRID M60-2Q on 0000:3e:00.0.</summary>
    private const string Foreign = "aaaaaaaa-0000-4000-8000-000000000001";

    private const string Another = "99999999-9999-4999-8999-999999999999";

    [Test]
    public void A_device_that_nothing_here_speaks_of_keeps_its_uuid()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        var incoming = Of(tree, DomainText.First, "GRID M60-2Q");

        Assert.That(incoming.Names, Is.Empty);
        Assert.That(Reserved(incoming), Is.EqualTo(new[] { DomainText.First }));
        Assert.That(incoming.Plan.Record!.Expires!.Value.Milliseconds, Is.InRange(50_000, 60_000));
    }

    [Test]
    public void A_uuid_of_another_domain_is_given_up()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        Save(tree, Another, DomainText.First);

        MustGetAnother(Of(tree, DomainText.First, "GRID M60-2Q"), DomainText.First);
    }

    [Test]
    public void A_uuid_on_a_record_of_a_newer_version_is_given_up()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        tree.AddNewerRecord(Another, DomainText.First, "0000:3e:00.0");

        MustGetAnother(Of(tree, DomainText.First, "GRID M60-2Q"), DomainText.First);
    }

    [Test]
    public void A_uuid_that_is_reserved_for_another_domain_is_given_up()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        tree.Store().SaveReservation(Record(tree, Another, DomainText.First) with { Expires = Deadline.After(TimeSpan.FromMinutes(1)) });

        MustGetAnother(Of(tree, DomainText.First, "GRID M60-2Q"), DomainText.First);
    }

    [Test]
    public void A_uuid_that_was_reserved_for_another_domain_which_did_not_come_is_kept()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        tree.Store().SaveReservation(Record(tree, Another, DomainText.First) with { Expires = Deadline.After(TimeSpan.Zero) });

        Assert.That(Of(tree, DomainText.First, "GRID M60-2Q").Names, Is.Empty);
    }

    [Test]
    public void A_uuid_that_is_being_removed_for_another_domain_is_given_up()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        var record = Record(tree, Another, DomainText.First);
        tree.Store().SaveRemoving(record.RemovalOf(record.Claims[0]));

        MustGetAnother(Of(tree, DomainText.First, "GRID M60-2Q"), DomainText.First);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Leftovers_of_the_domain_itself_do_not_take_its_uuid(bool isBeingRemoved)
    {
        using var tree = TreeOfText.Of("m60-mdev");
        var record = Record(tree, DomainText.Uuid, Foreign);
        if (isBeingRemoved)
            tree.Store().SaveRemoving(record.RemovalOf(record.Claims[0]));
        else
            tree.Store().Save(record);

        // Another type: that device is gone when this one is created.
        var incoming = Of(tree, Foreign, "GRID M60-4Q");

        Assert.That(incoming.Plan.Refusals, Is.Empty);
        Assert.That(incoming.Names, Is.Empty);
    }

    [Test]
    public void A_foreign_device_that_fits_is_used()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        var incoming = Of(tree, Foreign, "GRID M60-2Q");

        Assert.That(incoming.Names, Is.Empty);
        Assert.That(incoming.Plan.Record!.Claims.Single().IsForeign);
    }

    [TestCase("GRID M60-4Q", "")]
    [TestCase("GRID M60-2Q", "parent='0000:3d:00.0'")]
    public void A_foreign_device_that_does_not_fit_takes_the_uuid(string type, string more)
    {
        using var tree = TreeOfText.Of("m60-mdev");

        MustGetAnother(Of(tree, Foreign, type, more), Foreign);
    }

    [Test]
    public void A_foreign_device_that_is_held_takes_the_uuid()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        Hold(tree);

        MustGetAnother(Of(tree, Foreign, "GRID M60-2Q"), Foreign);
    }

    [TestCase(false)]
    [TestCase(true)]
    public void A_leftover_of_the_domain_itself_that_is_held_takes_the_uuid(bool isBeingRemoved)
    {
        using var tree = TreeOfText.Of("m60-mdev");
        Hold(tree);
        var record = Record(tree, DomainText.Uuid, Foreign);
        if (isBeingRemoved)
            tree.Store().SaveRemoving(record.RemovalOf(record.Claims[0]));
        else
            tree.Store().Save(record);

        MustGetAnother(Of(tree, Foreign, "GRID M60-2Q"), Foreign);
    }

    [Test]
    public void A_refusal_speaks_of_the_uuid_that_came()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        Save(tree, Another, DomainText.First);

        var incoming = Of(tree, DomainText.First, "GRID M60-4X");

        Assert.That(incoming.Plan.Record, Is.Null);
        Assert.That(incoming.Plan.Refusal,
            Does.StartWith($"domain 'win10': the device '{DomainText.First}' of type 'GRID M60-4X' cannot be had: ")
            .And.Contain("did you mean"));
    }

    [Test]
    public void An_instance_that_is_reserved_for_another_domain_is_not_reserved_again()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        var free = Of(tree, DomainText.First, "GRID M60-8Q").Plan.Record!;
        tree.Store().SaveReservation(free with { Domain = Guid.Parse(Another), Name = "other" });

        Assert.That(Of(tree, DomainText.Second, "GRID M60-8Q").Plan.Refusal, Does.Contain("no parent fits"));
        tree.Store().SaveReservation(free with { Domain = Guid.Parse(DomainText.Uuid) });
        tree.Store().DeleteReservation(Guid.Parse(Another));
        Assert.That(Of(tree, DomainText.Second, "GRID M60-8Q").Plan.Refusal, Is.Empty, "its own promise is replaced");
    }

    [Test]
    public void A_device_whose_uuid_is_taken_needs_an_instance_like_any_other()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        var hostdevs = string.Concat(new[] { Foreign, DomainText.First }.Select(uuid => $"<hostdev uuid='{uuid}' type='GRID M60-8Q'/>"));

        // The device that has the uuid already uses one of the GPUs.
        Assert.That(Of(tree, hostdevs, [Foreign, DomainText.First]).Plan.Refusal, Does.Contain("its 2 devices do not fit together"));
    }

    private static void MustGetAnother(IncomingPlan incoming, string uuid)
    {
        Assert.That(incoming.Plan.Refusal, Is.Empty);
        Assert.That(incoming.Names.Keys.Single().ToString(), Is.EqualTo(uuid));
        Assert.That(Reserved(incoming), Is.EqualTo(new[] { incoming.Names.Values.Single().ToString() }).And.None.EqualTo(uuid));
        Assert.That(incoming.Plan.Record!.Claims.Single().IsForeign, Is.False);
    }

    private static string[] Reserved(IncomingPlan incoming) => [.. incoming.Plan.Record!.Claims.Select(c => c.Device.ToString())];

    private static IncomingPlan Of(TreeOfText tree, string uuid, string type, string more = "") =>
        Of(tree, $"""<hostdev uuid="{uuid}" type="{type}" {more}/>""", [uuid]);

    private static IncomingPlan Of(TreeOfText tree, string hostdevs, string[] uuids)
    {
        var domain = DomainText.Parse(DomainText.Around($"""<hostdevs xmlns="urn:libvirt-mdev-hook:1">{hostdevs}</hostdevs>""", uuids));
        var settings = HostSettings.Load(tree.Root);
        var context = new OperationContext(tree.Root, settings, tree.Store(), new HookLog(tree.Root, settings, "test"));
        context.Records.MakeFolders();
        return IncomingPlan.Of(PlanInputReader.Incoming(context, domain, domain.Declaration!));
    }

    private static void Save(TreeOfText tree, string domain, string device) => tree.Store().Save(Record(tree, domain, device));

    private static Record Record(TreeOfText tree, string domain, string device)
    {
        tree.Store().MakeFolders();
        var parent = SysfsName.Parse("0000:3e:00.0");
        var claim = new Claim(
            DeviceId.Mdev(Guid.Parse(device)), parent, parent, Dialect.Mdev,
            new ClaimedType(SysfsName.Parse("nvidia-18"), "GRID M60-2Q", "2048M"), ImmutableArray<Attr>.Empty, "", AttachedBy.Hostdev,
            Stage.Online);
        return new Record(Guid.Parse(domain), "other", TreeOfText.Boot, new Moment(1), Phase.Prepared, [claim]);
    }

    /// <summary>A process that has the foreign device's node open.</summary>
    private static void Hold(TreeOfText tree) => tree.Add(
        "proc/4711/comm = qemu\\n\nproc/4711/exe -> /usr/bin/qemu\nproc/self/exe -> /usr/bin/virt-mdev\n"
        + $"proc/4711/fd/7 -> {tree.PathOf("dev/vfio/9")}");
}
