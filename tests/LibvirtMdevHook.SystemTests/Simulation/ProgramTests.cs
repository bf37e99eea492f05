using LibvirtMdevHook.Simulator.HostFiles;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Simulation;

/// <summary>The simulator's command line and its host files.</summary>
[TestFixture]
internal sealed class ProgramTests
{
    private static string Simulator => Path.Combine(AppContext.BaseDirectory, "mdev-simulator");

    [TestCaseSource(nameof(HostFiles))]
    public void Every_host_file_can_be_read(string file) => Assert.That(HostFileReader.Load(file).Parents, Is.Not.Empty);

    [TestCase("<hosts/>", ":1: 'hosts' is the outermost element, expected 'host'.")]
    [TestCase("<host>\n<parent/></host>", ":2: 'parent' needs the attribute 'dialect', 'rfc2016', 'mdev' or 'vf'.")]
    [TestCase("<host><parent path='a' dialect='vfio'/></host>", "'parent' has dialect='vfio', expected 'rfc2016' or 'mdev' or 'vf'.")]
    [TestCase("<host><parent path='a' dialect='mdev'/></host>", "has no types, expected one at least in the dialects 'mdev' and 'vf'.")]
    [TestCase("<host><parent path='a' dialect='rfc2016' vendor='4318'/></host>", "has vendor='4318', expected a number such as 0x10de.")]
    [TestCase("<host><parent path='a' dialect='rfc2016' color='red'/></host>", "'parent' has 'color', expected only")]
    [TestCase("<host><parent path='a' dialect='rfc2016'><rules full='ENOWHERE'/></parent></host>", "expected the name of an error")]
    [TestCase("<host><parent path='a' dialect='rfc2016'><rules full='28'/></parent></host>", "expected the name of an error")]
    [TestCase("<host><parent path='a' dialect='rfc2016'><rules self-remove='2'/></parent></host>", "expected a time such as 2s or 300ms.")]
    [TestCase("<host><parent path='a' dialect='rfc2016'><rules/><rules/></parent></host>", "'rules' is there twice, expected one at most.")]
    [TestCase("<host><parent path='a' dialect='mdev'><type id='t'><takes name='p' size='1'/></type></parent></host>", "takes from 'p'")]
    [TestCase("<host><parent path='a' dialect='mdev'><type id='t'/><type id='t'/></parent></host>", "has the type 't' twice.")]
    [TestCase("<host><parent path='a' dialect='rfc2016'/><parent path='b/a' dialect='rfc2016'/></host>", "has the parent 'a' twice.")]
    [TestCase("<host><parent path='a' dialect='rfc2016'><pool name='p' size='x'/></parent></host>", "has size='x', expected a number.")]
    [TestCase("<host><parent path='a' dialect='rfc2016'><attribute name='n' access='x'/></parent></host>", "expected 'r', 'w' or 'rw'.")]
    [TestCase("<host>", ":1: not well-formed XML")]
    public void A_mistake_is_one_sentence_with_the_line(string text, string sentence)
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, text);
        try
        {
            var (status, output) = Shell.Run(Simulator, file, "/nowhere");
            Assert.That(status, Is.EqualTo(1));
            Assert.That(output, Does.Contain(sentence).And.StartWith(file));
            Assert.That(output.Trim().Split('\n'), Has.Length.EqualTo(1));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public void A_host_file_or_mount_point_that_is_not_there_is_named()
    {
        var missing = Shell.Run(Simulator, "/nowhere.xml", "/tmp");
        Assert.That(missing, Is.EqualTo((1, "Cannot read the host file '/nowhere.xml': it is not there.\n")));
        var (status, output) = Shell.Run(Simulator, HostFiles().First(), "/nowhere");
        Assert.That(status, Is.EqualTo(1));
        Assert.That(output, Does.EndWith("Cannot mount on '/nowhere': it takes root, /dev/fuse and an empty folder.\n"));
    }

    [Test]
    public void SIGTERM_unmounts_and_releases_every_caller_that_waits()
    {
        var mount = Directory.CreateTempSubdirectory("mdev-mount-").FullName;
        using var simulator = Shell.Start(Simulator, Path.Combine(AppContext.BaseDirectory, "hosts", "tableless.xml"), mount);
        Assert.That(simulator.StandardOutput.ReadLine(), Is.EqualTo("ready"));
        RawFile.Write(mount + "/control", "fault hang op=write path=**/mdev_create");
        using var writer = Shell.Start("sh", "-c", $"echo x > {mount}/sys/bus/pci/devices/0000:05:00.0/mdev_create");
        Wait.Until(() => File.ReadAllText(mount + "/control").Contains("hangs", StringComparison.Ordinal), () => "nothing hangs.");
        Shell.Run("kill", $"{simulator.Id}");
        Assert.Multiple(() =>
        {
            Assert.That(simulator.WaitForExit(10_000), Is.True);
            Assert.That(simulator.ExitCode, Is.Zero);
            Assert.That(writer.WaitForExit(10_000), Is.True);
            Assert.That(() => Directory.Delete(mount), Throws.Nothing, "the folder is no mount point any more");
        });
    }

    [Test]
    public void Wrong_arguments_get_the_usage()
    {
        var usage = (2, "Usage: mdev-simulator HOSTFILE MOUNTPOINT [--log FILE] [--keep FOLDER,FOLDER,...]\n");
        Assert.Multiple(() =>
        {
            Assert.That(Shell.Run(Simulator), Is.EqualTo(usage));
            Assert.That(Shell.Run(Simulator, "--help"), Is.EqualTo(usage));
            Assert.That(Shell.Run(Simulator, "a", "b", "--loud"), Is.EqualTo(usage));
        });
    }

    [Test]
    public void Without_libfuse_it_says_what_to_install()
    {
        const string hide = """
            for f in $(ldconfig -p | sed -n 's/.*libfuse3.*=> //p'); do mount --bind /dev/null $f; done
            exec "$0" "$@"
            """;
        var (status, output) = Shell.Run("unshare", "-m", "sh", "-c", hide, Simulator, HostFiles().First(), "/tmp");
        Assert.That(status, Is.EqualTo(1));
        Assert.That(output, Is.EqualTo("libfuse 3 is not installed: run 'apt-get install fuse3 libfuse3-3'.\n"));
    }

    private static IEnumerable<string> HostFiles() => Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "hosts"), "*.xml").Order();
}
