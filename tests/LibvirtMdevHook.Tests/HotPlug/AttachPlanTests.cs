using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.HotPlug;
using LibvirtMdevHook.Linux;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.HotPlug;

/// <summary>What is planned for a domain that runs.</summary>
internal sealed class AttachPlanTests
{
    [Test]
    public void A_record_is_no_younger_than_the_request()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        var request = Request();
        var context = OperationContext.Open(tree.Root, "attach");
        context.Records.MakeFolders();
        var domain = DomainText.Parse(DomainText.Declaring(DomainText.Hostdev(DomainText.First, "GRID M60-2Q")));
        // A prepare or release that libvirt calls now must find the record, whenever it was planned.
        var call = Moment.Now;

        Assert.That(new AttachPlan(context, request, domain, has: null).TryMake(own: null, out var planned), Is.Null);

        Assert.That(planned!.IsYoungerThan(call), Is.False);
    }

    [Test]
    public void Each_plan_has_a_generation_of_its_own()
    {
        using var tree = TreeOfText.Of("m60-mdev");
        var context = OperationContext.Open(tree.Root, "attach");
        context.Records.MakeFolders();
        var domain = DomainText.Parse(DomainText.Declaring(DomainText.Hostdev(DomainText.First, "GRID M60-2Q")));
        var plan = new AttachPlan(context, Request(), domain, has: null);

        Assert.That(plan.TryMake(own: null, out var first), Is.Null);
        Assert.That(plan.TryMake(own: null, out var second), Is.Null);

        Assert.That(second!.Generation, Is.Not.EqualTo(first!.Generation));
    }

    private static HotPlugRequest Request() => new(
        "win10",
        new RequestedDevice(DeviceId.Mdev(Guid.Parse(DomainText.First)), "GRID M60-2Q"),
        Persistent: false,
        Deadline.After(TimeSpan.FromSeconds(10)),
        () => false);
}
