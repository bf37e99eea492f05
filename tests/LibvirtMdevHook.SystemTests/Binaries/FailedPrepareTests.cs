using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;
using NUnit.Framework.Interfaces;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>Whatever fails in prepare, a sentence says so, and the tree afterwards equals the tree before.</summary>
/// <param name="hostFile">A host with two parents.</param>
/// <param name="create">The file to which creates are written.</param>
[TestFixture("m60-rfc2016.xml", "mdev_create")]
[TestFixture("m60-mdev.xml", "create")]
[Parallelizable(ParallelScope.Self)]
internal sealed class FailedPrepareTests(string hostFile, string create)
{
    private const string Attribute = "<attribute name=\"nvidia/vgpu_params\" access=\"rw\"/>";

    private static readonly string[] Errnos = ["EIO", "ENOSPC", "EUSERS", "EPERM", "ENOMEM", "EINVAL", "ENODEV", "EAGAIN", "EBUSY"];

    private readonly DeclaringDomain _domain = Domain();

    private HookedHost? _host;

    /// <summary>The host of these tests, with the attribute in both dialects.</summary>
    private HookedHost Host => _host ??= new HookedHost(hostFile, "prepare_deadline = 3", text =>
        hostFile == "m60-mdev.xml" ? text : text.Replace("<type id=\"11\"", $"{Attribute}<type id=\"11\"", StringComparison.Ordinal));

    [TearDown]
    public void MendTheHost()
    {
        Host.Host.Control("clear");
        if (TestContext.CurrentContext.Result.Outcome.Status != TestStatus.Passed)
            RemoveTheHost();
    }

    [OneTimeTearDown]
    public void RemoveTheHost()
    {
        _host?.Dispose();
        _host = null;
    }

    [Test]
    public void A_create_fails([ValueSource(nameof(Errnos))] string errno, [Values(1, 2)] int nth)
    {
        Host.Host.Control($"fault errno={errno} op=write path=**/{create} nth={nth}");

        MustRefuse(errno);
    }

    [Test]
    public void An_attribute_cannot_be_set([Values("EIO", "E2BIG", "EPERM", "ENODEV")] string errno, [Values(1, 2)] int nth)
    {
        Host.Host.Control($"fault errno={errno} op=write path=**/vgpu_params nth={nth} count=1");

        MustRefuse(errno, "'nvidia/vgpu_params'");
    }

    [Test]
    public void An_attribute_cannot_be_opened([Values("ENOENT", "EACCES")] string errno, [Values(1, 2)] int device)
    {
        // Each attribute is opened twice: it is written and read back.
        Host.Host.Control($"fault errno={errno} op=open path=**/vgpu_params nth={(2 * device) - 1} count=1");

        MustRefuse(errno, "'nvidia/vgpu_params'");
    }

    [Test]
    public void A_device_vanishes_before_it_is_ready([Values(0, 1)] int which)
    {
        Host.Host.Control($"fault hang op=write path=**/vgpu_params nth={which + 1} count=1");
        var prepare = Host.Begin("prepare", _domain);
        Wait.Until(() => Host.Host.State().Contains("hangs ", StringComparison.Ordinal), Host.Host.State);
        var uuid = _domain.Vgpus[which].Uuid;
        Host.Host.Control($"vanish {uuid}\nclear");

        prepare.End().MustBeRefused("'win10'", $"'{uuid}'", "'0000:8", "ENODEV");
        Host.MustBeAsBefore();
    }

    [Test]
    public void The_types_of_no_parent_can_be_read([Values("EIO", "EAGAIN")] string errno)
    {
        Host.Host.Control($"fault errno={errno} op=read path=**/mdev_supported_types");
        Host.Host.Control($"fault errno={errno} op=read path=**/mdev_supported_types/*/name");

        MustRefuse();
    }

    [Test]
    public void The_records_have_no_folder()
    {
        var written = Host.Writes.Count;
        var folder = Host.InRoot("run/libvirt-mdev");
        Host.WaitForWorkers();
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        File.WriteAllText(folder, "");
        Host.Call("prepare", _domain).MustBeRefused("'win10'", $"'{folder}'", "is not a folder");
        File.Delete(folder);

        Host.MustBeAsBefore();
        Assert.That(Host.Writes, Has.Count.EqualTo(written));
    }

    [Test]
    public void The_records_cannot_be_written()
    {
        Directory.CreateDirectory(Host.InRoot("run/libvirt-mdev"));
        Command.Run("mount", "--bind", Host.InRoot("run"), Host.InRoot("run")).Expected("mount --bind");
        try
        {
            Command.Run("mount", "-o", "remount,bind,ro", Host.InRoot("run")).Expected("mount -o ro");
            Host.Call("prepare", _domain).MustBeRefused("'win10'", $"'{Host.InRoot("run/libvirt-mdev")}", "EROFS");
        }
        finally
        {
            Command.Run("umount", Host.InRoot("run")).Expected("umount");
        }

        Host.MustBeAsBefore();
    }

    private static DeclaringDomain Domain()
    {
        var vgpu = new Vgpu("type='GRID M60-2Q'") { Attrs = "<mdev:attr name='nvidia/vgpu_params' value='frame_rate_limiter=0'/>" };
        return new DeclaringDomain("win10", vgpu, vgpu with { Uuid = Guid.NewGuid() });
    }

    /// <summary>The refusal, and the two operations that libvirt calls after it.</summary>
    private void MustRefuse(params IEnumerable<string> words)
    {
        var refusal = Host.Call("prepare", _domain).MustBeRefused(["domain 'win10': ", "'0000:8", .. words]);
        Assert.That(_domain.Vgpus.Count(v => refusal.Errors.Contains($"'{v.Uuid}'", StringComparison.Ordinal)), Is.Positive,
            refusal.Errors);
        Host.Host.Control("clear");
        Host.MustBeAsBefore();
        Host.Stop(_domain);
        Host.MustBeAsBefore();
    }
}
