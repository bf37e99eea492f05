using LibvirtMdevHook.SystemTests.Lab;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>Two libvirtds, each on its own host, and domains that move between them.</summary>
internal abstract class MigrationScenario(string hostFile, LabOptions options, string otherHostFile,
    LabOptions otherOptions) : Scenario(hostFile, options)
{
    private HermeticLibvirtd _there = null!;

    /// <summary>The other host's libvirtd; <see cref="Scenario.Lab"/> is this host's.</summary>
    protected HermeticLibvirtd There => _there;

    [OneTimeSetUp]
    public void StartTheOtherHost() => _there = HermeticLibvirtd.Start(otherHostFile, otherOptions);

    [OneTimeTearDown]
    public void StopTheOtherHost() => _there.Dispose();

    [TearDown]
    public void EndThere()
    {
        _there.Host.Control("clear");
        TestContext.Out.WriteLine($"Hook there:\n{_there.HookLog}");
        EndDomains(_there);
        ForgetReservations(_there);
        NothingMayBeLeftIn(_there);
    }

    protected static Outcome Migrate(string domain, HermeticLibvirtd from, HermeticLibvirtd to, params IEnumerable<string> options)
    {
        // A folder in which QEMU at the destination, which is not root, may create a socket.
        var socket = $"/tmp/mdev-migration-{Guid.NewGuid()}";
        try
        {
            return from.Virsh(["migrate", "--live", "--p2p", domain, Uri(to), "--migrateuri", $"unix://{socket}", .. options]);
        }
        finally
        {
            File.Delete(socket);
        }
    }

    protected static Outcome MigrateOffline(string domain, HermeticLibvirtd from, HermeticLibvirtd to,
        params IEnumerable<string> options) =>
        from.Virsh(["migrate", "--offline", "--persistent", "--p2p", domain, Uri(to), .. options]);

    protected static string StateIn(HermeticLibvirtd lab, string domain) =>
        lab.Virsh("domstate", domain).Expected("virsh domstate").Output.Trim();

    protected static Outcome VirtMdevIn(HermeticLibvirtd lab, params IEnumerable<string> arguments) =>
        lab.Run([$"{lab.Folder}/usr/bin/virt-mdev", .. arguments]);

    /// <summary>If nothing follows a migration, its reservation expires within a minute.</summary>
    protected static void ForgetReservations(HermeticLibvirtd lab)
    {
        if (Directory.Exists($"{lab.Records}/reserved"))
            Directory.EnumerateFiles($"{lab.Records}/reserved").ToList().ForEach(File.Delete);
    }

    private static string Uri(HermeticLibvirtd lab) => $"qemu+unix:///system?socket={lab.Folder}/run/libvirt/libvirt-sock";
}
