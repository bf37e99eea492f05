using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>A driver that rejects a declared attribute: a message says what that means, and the device is removed.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class RefusedAttributeTests
{
    private const string Params = "nvidia/vgpu_params";
    private const string TooLong = "the value is longer than the driver takes; shorten it (E2BIG)";
    private const string InUse = "a VM has the device open already, and the driver takes it only before (EPERM)";

    [TestCase(Params, "E2BIG", TooLong)]
    [TestCase(Params, "EPERM", InUse)]
    [TestCase(Params, "EINVAL", "the driver does not take this value (EINVAL)")]
    [TestCase(Params, "EIO", "Input/output error (EIO); the kernel's log may say why")]
    [TestCase(Params, "ENODEV", "the device has gone meanwhile (ENODEV)")]
    [TestCase("assign_adapter", "EPERM", "Operation not permitted (EPERM); the kernel's log may say why")]
    public void What_the_driver_means_is_said(string name, string errno, string words)
    {
        using var host = new HookedHost(name == Params ? "m60-mdev.xml" : "s390.xml", "removal_grace = 0");
        var domain = Declaring(name == Params ? Mdev : Matrix, name, "5");
        host.Host.Control($"fault errno={errno} op=write path=**/{name}");

        Refuses(host.Begin("prepare", domain), domain, name, words);

        host.MustBeAsBefore();
    }

    [Test]
    public void A_value_that_is_too_long_is_told([Values] bool isVf)
    {
        using var host = new HookedHost("three-dialects.xml", "removal_grace = 0");
        var domain = Declaring(isVf ? Vf : Mdev with { Attributes = "type='GRID M60-8Q'" }, Params, new string('x', 1024));

        Refuses(host.Begin("prepare", domain), domain, Params, TooLong);

        Assert.That(host.Writes, Has.Some.EndsWith(" E2BIG"));
        host.MustBeAsBefore();
    }

    [TestCase("nvidia/vm_name", "it can only be read (EACCES)")]
    [TestCase("nvidia/no_such", "the device has no such attribute (ENOENT)")]
    public void A_file_that_cannot_be_written_is_told(string name, string words)
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        var domain = Declaring(Mdev, name, "x");

        Refuses(host.Begin("prepare", domain), domain, name, words);

        host.MustBeAsBefore();
    }

    /// <summary>gpu_instance_id gives ENXIO until the vGPU is used; NVIDIA's guides clear vgpu_params with one blank.</summary>
    [Test]
    public void What_cannot_be_read_back_and_a_blank_are_no_differences()
    {
        using var host = new HookedHost("l40s-vf.xml", "removal_grace = 0");
        var domain = new DeclaringDomain("win10", Vgpu.Vf("0000:41:00.4", "NVIDIA L40S-4Q") with
        {
            Attrs = $"<mdev:attr name='{Params}' value=' '/><mdev:attr name='nvidia/gpu_instance_id' value='4'/>",
        });
        host.Host.Control("fault errno=ENXIO op=read path=**/gpu_instance_id");

        host.Start(domain);

        Assert.That(host.Writes, Has.Some.EqualTo($"0000:41:00.4/{Params} \" \\n\" ok"));
        Assert.That(host.Log, Does.Contain($"set '{Params}' of '0000:41:00.4'").And.Not.Contain("Warn"));
        Assert.That(host.VirtMdev("list").Output, Does.Contain("online"));
        Assert.That(host.VirtMdev("types").Status, Is.Zero);
        host.Stop(domain);
        host.WaitForWorkers();
        host.Host.Control("clear");
        host.MustBeAsBefore();
    }

    [TestCase("three-dialects.xml", "mdev", Params, InUse)]
    [TestCase("three-dialects.xml", "vf", Params, InUse)]
    [TestCase("s390.xml", "ap", "assign_adapter", "a guest uses the device, which takes no changes until that ends (EBUSY)")]
    public void A_device_that_a_process_opens_meanwhile_takes_no_changes(string hostFile, string kind, string name, string words)
    {
        using var host = new HookedHost(hostFile, "removal_grace = 0\nprepare_deadline = 6");
        var domain = Declaring(kind == "ap" ? Matrix : kind == "vf" ? Vf : Mdev with { Attributes = "type='GRID M60-8Q'" }, name, "5");
        host.Host.Control($"fault hang op=write path=**/{name}");
        var prepare = host.Begin("prepare", domain);
        host.Host.WaitForLog(line => line.StartsWith("begin write", StringComparison.Ordinal));
        using (new Holder(host.NodeOf(domain.Vgpus[0])))
        {
            host.Host.Control("clear");

            Refuses(prepare, domain, name, words);
        }

        host.Stop(domain);
        host.MustBeAsBefore();
    }

    private static Vgpu Mdev => new("type='GRID M60-4Q'");

    private static Vgpu Vf => Vgpu.Vf("0000:41:00.4", "NVIDIA L40S-4Q");

    private static Vgpu Matrix => new("type='vfio_ap-passthrough'") { Model = "vfio-ap" };

    private static DeclaringDomain Declaring(Vgpu vgpu, string name, string value) =>
        new("win10", vgpu with { Attrs = $"<mdev:attr name='{name}' value='{value}'/>" });

    private static void Refuses(HookProcess prepare, DeclaringDomain domain, string name, string words) =>
        prepare.End().MustBeRefused("'win10'", $"'{domain.Vgpus[0].Id}'", $"its attribute '{name}' cannot be set to ", words);
}
