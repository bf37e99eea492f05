using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A parent that turns out to be full, or out of order, when the device is to be made: another one is taken.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class FullParentTests
{
    private static readonly string[] Full = ["EIO", "ENOSPC", "EUSERS", "EPERM", "ENOMEM", "ENODEV", "EAGAIN", "EINVAL", "EFAULT"];

    [Test]
    public void The_other_parent_is_taken([ValueSource(nameof(Full))] string errno)
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        host.Host.Control($"fault errno={errno} op=write path=**/0000:86:00.0/mdev_create");
        var domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");
        var created = domain.Vgpus.Select(v => $"{v.Uuid}:vgpu_type_id=17,vm_uuid={domain.Uuid}").ToArray();

        host.Call("prepare", domain).IsGood();

        Assert.That(host.Writes, Is.EqualTo(new[]
        {
            $"0000:86:00.0/mdev_create \"{created[0]}\" {errno}",
            $"0000:87:00.0/mdev_create \"{created[0]}\" ok",
            $"0000:87:00.0/mdev_create \"{created[1]}\" ok",
            $"0000:87:00.0/{domain.Vgpus[0].Uuid}/online \"1\" ok",
            $"0000:87:00.0/{domain.Vgpus[1].Uuid}/online \"1\" ok",
        }));
        host.Stop(domain);
        host.IsAsBefore();
    }

    [Test]
    public void What_was_made_is_undone_before_the_other_parent_is_taken()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Host.Control("fault errno=EIO op=write path=**/0000:87:00.0/**/create");
        var domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");
        var (first, second) = (domain.Vgpus[0].Uuid, domain.Vgpus[1].Uuid);

        host.Call("prepare", domain).IsGood();

        Assert.That(host.Writes, Is.EqualTo(new[]
        {
            $"0000:86:00.0/mdev_supported_types/nvidia-20/create \"{first}\" ok",
            $"0000:87:00.0/mdev_supported_types/nvidia-20/create \"{second}\" EIO",
            $"0000:86:00.0/{first}/remove \"1\" ok",
            $"0000:86:00.0/mdev_supported_types/nvidia-20/create \"{first}\" ok",
            $"0000:86:00.0/mdev_supported_types/nvidia-20/create \"{second}\" ok",
        }));
        host.Stop(domain);
        host.IsAsBefore();
    }

    [Test]
    public void A_refusal_lists_what_each_parent_answered([ValueSource(nameof(Full))] string errno)
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Host.Control($"fault errno={errno} op=write path=**/create");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");

        host.Call("prepare", domain)
            .IsRefused("'win10'", $"'{domain.Vgpus[0].Uuid}'", "'GRID M60-4Q'", "'0000:86:00.0'", "'0000:87:00.0'", $"({errno})");

        Assert.That(host.Writes, Has.Count.EqualTo(2), "each parent is asked once");
        host.IsAsBefore();
    }

    [TestCase("m60-rfc2016.xml", "fault errno=EIO op=read path=**/0000:86:00.0/mdev_supported_types")]
    [TestCase("m60-mdev.xml", "fault errno=EIO op=read path=**/0000:86:00.0/**/name")]
    [TestCase("m60-mdev.xml", "fault errno=EIO op=read path=**/0000:86:00.0/**/available_instances")]
    public void A_parent_that_cannot_be_read_is_left_out(string hostFile, string fault)
    {
        using var host = new HookedHost(hostFile);
        host.Host.Control(fault);
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");

        host.Call("prepare", domain).IsGood();

        Assert.That(host.Writes[0], Does.StartWith("0000:87:00.0/").And.EndsWith(" ok"));
        host.Stop(domain);
        host.Host.Control("clear");
        host.IsAsBefore();
    }

    [Test]
    public void A_parent_whose_driver_goes_while_it_creates_is_left_out()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Host.Control("fault hang op=write path=**/create count=1");
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");
        var prepare = host.Begin("prepare", domain);
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
        host.Host.Control("unregister 0000:86:00.0\nclear");

        prepare.End().IsGood();

        Assert.That(host.Writes[^1], Does.StartWith("0000:87:00.0/").And.EndsWith(" ok"));
        host.Stop(domain);
        host.Host.Control("register 0000:86:00.0");
        host.IsAsBefore();
    }
}
