using System.Text.RegularExpressions;
using LibvirtMdevHook.Simulator.Tree;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A parent that turns out to be full or broken when the device is created: another one is taken.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed partial class FullParentTests
{
    private const string Mdev = "m60-mdev.xml";
    private const string Rfc2016 = "m60-rfc2016.xml";
    private const string Type = "GRID M60-4Q";
    private const string Going =
        "its driver is going, or its hardware is not operational (ENODEV); start again when 'virt-mdev types' lists the type there";
    private const string NvidiaRefuses =
        "its GPU is full, runs another size or is in another MIG mode (EIO); 'journalctl -u nvidia-vgpu-mgr' and the kernel's log say why";
    private const string NoMemory = "no memory is left for it on the host, or no instance (ENOMEM)";

    private static readonly string[] Full = ["EIO", "ENOSPC", "EUSERS", "EPERM", "ENOMEM", "ENODEV", "EAGAIN", "EINVAL", "EFAULT"];

    [Test]
    public void The_other_parent_is_taken([ValueSource(nameof(Full))] string errno)
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        host.Host.Control($"fault errno={errno} op=write path=**/0000:86:00.0/mdev_create");
        var domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");
        var created = domain.Vgpus.Select(v => $"{v.Uuid}:vgpu_type_id=17,vm_uuid={domain.Uuid}").ToArray();

        host.Call("prepare", domain).MustBeGood();

        Assert.That(host.Writes, Is.EqualTo(new[]
        {
            $"0000:86:00.0/mdev_create \"{created[0]}\" {errno}",
            $"0000:87:00.0/mdev_create \"{created[0]}\" ok",
            $"0000:87:00.0/mdev_create \"{created[1]}\" ok",
            $"0000:87:00.0/{domain.Vgpus[0].Uuid}/online \"1\" ok",
            $"0000:87:00.0/{domain.Vgpus[1].Uuid}/online \"1\" ok",
        }));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void What_was_made_is_undone_before_the_other_parent_is_taken()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Host.Control("fault errno=EIO op=write path=**/0000:87:00.0/**/create");
        var domain = DeclaringDomain.With("win10", 2, "GRID M60-4Q");
        var (first, second) = (domain.Vgpus[0].Uuid, domain.Vgpus[1].Uuid);

        host.Call("prepare", domain).MustBeGood();

        Assert.That(host.Writes, Is.EqualTo(new[]
        {
            $"0000:86:00.0/mdev_supported_types/nvidia-20/create \"{first}\" ok",
            $"0000:87:00.0/mdev_supported_types/nvidia-20/create \"{second}\" EIO",
            $"0000:86:00.0/{first}/remove \"1\" ok",
            $"0000:86:00.0/mdev_supported_types/nvidia-20/create \"{first}\" ok",
            $"0000:86:00.0/mdev_supported_types/nvidia-20/create \"{second}\" ok",
        }));
        host.Stop(domain);
        host.MustBeAsBefore();
    }

    [TestCase(Mdev, Type, "EIO", NvidiaRefuses)]
    [TestCase(Mdev, Type, "ENOSPC", "no instance left (ENOSPC)")]
    [TestCase(Mdev, Type, "EUSERS", "no instance left (EUSERS)")]
    [TestCase(Mdev, Type, "EPERM", "the driver answers Operation not permitted (EPERM); the kernel's log says why")]
    [TestCase(Mdev, Type, "ENOMEM", NoMemory)]
    [TestCase(Mdev, Type, "ENODEV", Going)]
    [TestCase(Mdev, Type, "EAGAIN", "the driver answers Resource temporarily unavailable (EAGAIN); the kernel's log says why")]
    [TestCase(Mdev, Type, "EINVAL", "the driver does not take the type 'nvidia-20' now (EINVAL); the kernel's log says why")]
    [TestCase("gvtg.xml", "i915-GVTg_V4_4", "EFAULT", "the driver could not make it (EFAULT); the kernel's log says why")]
    [TestCase("gvtg.xml", "i915-GVTg_V4_4", "EINVAL",
        "the driver does not take the type 'i915-GVTg_V4_4' now (EINVAL); the kernel's log says why")]
    [TestCase("gvtg.xml", "i915-GVTg_V4_4", "EIO", "the driver answers Input/output error (EIO); the kernel's log says why")]
    [TestCase("s390.xml", "vfio_ccw-io", "ENODEV", Going)]
    [TestCase(Rfc2016, Type, "EINVAL",
        "the driver does not take the type or the args, or has no instance left (EINVAL); the kernel's log says why")]
    [TestCase(Rfc2016, Type, "EIO", NvidiaRefuses)]
    [TestCase(Rfc2016, Type, "ENOSPC", "no instance left (ENOSPC)")]
    [TestCase(Rfc2016, Type, "ENOMEM", NoMemory)]
    [TestCase(Rfc2016, Type, "ENODEV", Going)]
    public void A_refusal_says_what_each_parent_answered(string hostFile, string type, string errno, string words)
    {
        using var host = new HookedHost(hostFile);
        host.Host.Control($"fault errno={errno} op=write path=**/*create");
        var domain = Domain(type);

        var refusal = host.Call("prepare", domain).MustBeRefused("'win10'", $"'{domain.Vgpus[0].Uuid}'", $"'{type}'", $": {words}");

        var asked = host.Writes.Select(write => write.Split('/')[0]).ToArray();
        Assert.That(asked, Is.Unique.And.Not.Empty, "each parent is asked once");
        Assert.That(asked.Where(parent => !refusal.Errors.Contains($"'{parent}'", StringComparison.Ordinal)), Is.Empty, refusal.Errors);
        host.MustBeAsBefore();
    }

    [TestCase(Mdev, "nvidia-22", "0000:86:00.0", "EIO")]
    [TestCase("samples.xml", "mtty-1", "mtty", "ENOSPC")]
    [TestCase("samples.xml", "mdpy-hd", "mdpy", "EUSERS")]
    [TestCase("samples.xml", "mdpy-hd", "mdpy", "ENOMEM")]
    [TestCase("gvtg.xml", "i915-GVTg_V4_1", "0000:00:02.0", "ENOSPC")]
    [TestCase("s390.xml", "vfio_ap-passthrough", "matrix", "EPERM")]
    [TestCase("s390.xml", "vfio_ccw-io", "0.0.0023", "EPERM")]
    [TestCase("s390.xml", "vfio_ccw-io", "0.0.0023", "EUSERS")]
    public void A_domain_that_loses_the_last_instance_is_told_so_whatever_the_driver_answers(string hostFile, string type, string parent,
        string errno)
    {
        using var host = new HookedHost(hostFile,
            change: text => OneInstance().Replace(text, "$1\"1\"").Replace("full=\"EUSERS\"", $"full=\"{errno}\"", StringComparison.Ordinal)
            .Replace("full=\"EPERM\"", $"full=\"{errno}\"", StringComparison.Ordinal));
        host.Host.Control("fault hang op=write path=**/create count=1");
        var domain = Domain(type, $"parent='{parent}'");
        var prepare = host.Begin("prepare", domain);
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
        var create = $"sys/class/mdev_bus/{parent}/mdev_supported_types/{type}/create";
        Assert.That(host.Host.Write(create, $"{Guid.NewGuid()}"), Is.EqualTo(Errno.None));
        var before = host.Host.Tree();
        host.Host.Control("clear");

        prepare.End().MustBeRefused("'win10'", $"'{domain.Vgpus[0].Uuid}'", $"'{parent}': no instance left ({errno})");

        host.WaitForWorkers();
        Assert.That(host.Host.Tree(), Is.EqualTo(before));
        Assert.That(host.Writes.Count(write => write.EndsWith($" {errno}", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [TestCase("m60-rfc2016.xml", "fault errno=EIO op=read path=**/0000:86:00.0/mdev_supported_types")]
    [TestCase("m60-mdev.xml", "fault errno=EIO op=read path=**/0000:86:00.0/**/name")]
    [TestCase("m60-mdev.xml", "fault errno=EIO op=read path=**/0000:86:00.0/**/available_instances")]
    public void A_parent_that_cannot_be_read_is_left_out(string hostFile, string fault)
    {
        using var host = new HookedHost(hostFile);
        host.Host.Control(fault);
        var domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");

        host.Call("prepare", domain).MustBeGood();

        Assert.That(host.Writes[0], Does.StartWith("0000:87:00.0/").And.EndsWith(" ok"));
        host.Stop(domain);
        host.Host.Control("clear");
        host.MustBeAsBefore();
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

        prepare.End().MustBeGood();

        Assert.That(host.Writes[^1], Does.StartWith("0000:87:00.0/").And.EndsWith(" ok"));
        host.Stop(domain);
        host.Host.Control("register 0000:86:00.0");
        host.MustBeAsBefore();
    }

    private static DeclaringDomain Domain(string type, string more = "") => new("win10", new Vgpu($"type='{type}' {more}")
    {
        Model = type.StartsWith("vfio_", StringComparison.Ordinal)
            ? type[..type.IndexOf('-', StringComparison.Ordinal)].Replace('_', '-') : "vfio-pci",
    });

    [GeneratedRegex("((?<=vfio-ap\" )max-instances=|(?<=\"(ports|devices)\" )size=)\"\\d+\"")]
    private static partial Regex OneInstance();
}
