using System.Diagnostics;
using System.Globalization;
using LibvirtMdevHook.SystemTests.Simulation;

namespace LibvirtMdevHook.SystemTests.Lab;

/// <summary>
/// A libvirtd on a simulated host, in its own namespaces, with our hook installed by the real installer. Paths in the lab are the usual
/// ones; seen from outside, they are below <see cref="Folder"/>.
/// </summary>
internal sealed class HermeticLibvirtd : IDisposable
{
    private readonly string _place;
    private readonly Process _starter;

    private HermeticLibvirtd(string hostFile, LabOptions options)
    {
        var text = options.HostFile(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "hosts", hostFile)));
        _place = Directory.CreateTempSubdirectory("mdev-lab-").FullName;
        File.WriteAllText(Path.Combine(_place, "host.xml"), text);

        // If the tests are killed, the end of this pipe ends the lab.
        _starter = Process.Start(Command.Redirected(SourceTree.Lab,
        [
            "start", Folder, "--host", Path.Combine(_place, "host.xml"), "--simulator",
            Path.Combine(AppContext.BaseDirectory, "mdev-simulator"), "--cache", SourceTree.LabCache, "--attached",
        ]))!;
    }

    /// <summary>The lab's folder.</summary>
    public string Folder => Path.Combine(_place, "lab");

    /// <summary>The records; their path in the lab is /run/libvirt-mdev.</summary>
    public string Records => Path.Combine(Folder, "run/libvirt-mdev");

    /// <summary>What the hook logged, empty if nothing.</summary>
    public string HookLog => ReadIfThere("log/mdev-hook.log");

    /// <summary>What libvirtd logged: warnings and errors.</summary>
    public string DaemonLog => ReadIfThere("log/libvirtd.log");

    /// <summary>The simulated host that libvirtd runs on.</summary>
    public SimulatedTree Host => new(Root + Folder + "/host", "control", Path.Combine(Folder, "simulator.log"));

    /// <summary>The lab's / as seen from outside.</summary>
    public string Root => $"/proc/{File.ReadAllText(Path.Combine(Folder, "lab.pid")).Split(' ')[0]}/root";

    /// <summary>Starts a lab.</summary>
    /// <param name="hostFile">The name of a host file of the simulator, without its folder.</param>
    /// <param name="options">What differs from the usual.</param>
    public static HermeticLibvirtd Start(string hostFile, LabOptions? options = null)
    {
        options ??= new LabOptions();
        var lab = new HermeticLibvirtd(hostFile, options);
        try
        {
            lab.Arrive();
            if (options.Install)
                lab.Install(options.Configuration);
            return lab;
        }
        catch
        {
            lab.Dispose();
            throw;
        }
    }

    /// <summary>Runs virsh in the lab.</summary>
    public Outcome Virsh(params IEnumerable<string> arguments) => Run(["virsh", .. arguments]);

    /// <summary>Runs a command in the lab.</summary>
    public Outcome Run(params IEnumerable<string> command) => Act("run", command);

    /// <summary>Runs a command in the lab as a user without rights, with a home of its own.</summary>
    public Outcome RunAsNobody(params IEnumerable<string> command) => Act("session", command);

    /// <summary>Defines a domain; fails if libvirt refuses.</summary>
    public void Define(GuestDomain domain) => Define($"{domain}");

    /// <summary>Defines a domain from its XML; fails if libvirt refuses.</summary>
    public void Define(string xml)
    {
        var file = Path.Combine(_place, $"{Guid.NewGuid()}.xml");
        File.WriteAllText(file, xml);
        Virsh("define", "--validate", file).Expected("virsh define");
    }

    /// <summary>The process id of a guest's QEMU, in the lab's namespace.</summary>
    public int Guest(string domain) =>
        int.Parse(File.ReadAllText(Path.Combine(Folder, $"run/libvirt/qemu/{domain}.pid")), CultureInfo.InvariantCulture);

    /// <summary>Kills a guest's QEMU.</summary>
    public void KillGuest(string domain) => Run("kill", "-KILL", $"{Guest(domain)}").Expected("kill");

    /// <summary>Stops libvirtd as an administrator does; guests go on.</summary>
    public void StopDaemon() => Daemon("stop");

    public void StartDaemon() => Daemon("start");

    public void RestartDaemon() => Daemon("restart");

    /// <summary>Kills libvirtd; guests go on.</summary>
    public void KillDaemon() => Daemon("kill");

    /// <summary>Makes libvirtd read its configuration and look for hooks again.</summary>
    public void ReloadDaemon() => Daemon("reload");

    /// <summary>Ends everything in the lab and deletes its folder.</summary>
    public void Dispose()
    {
        _starter.StandardInput.Close();
        _starter.Dispose();
        Command.Run(SourceTree.Lab, "stop", Folder).Expected("Stopping the lab");
        Directory.Delete(_place, recursive: true);
    }

    private void Arrive()
    {
        if (!_starter.WaitForExit(Command.Limit) || _starter.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"The lab did not start: {(_starter.HasExited ? _starter.StandardError.ReadToEnd() : "no end of it")}");
        }
    }

    private void Install(string configuration)
    {
        Run("env", $"PREFIX={Folder}/usr", SourceTree.Installer, "--prebuilt", SourceTree.Published).Expected("install.sh");

        // The installer's own reload takes effect some time later; this one is effective when it returns.
        ReloadDaemon();
        File.AppendAllText(Path.Combine(Folder, "etc-libvirt/mdev-hook.conf"), configuration);
    }

    private void Daemon(string what) => Act("daemon", what).Expected($"lab daemon {what}");

    private Outcome Act(string verb, params IEnumerable<string> arguments) => Command.Run(SourceTree.Lab, [verb, Folder, .. arguments]);

    private string ReadIfThere(string path) => File.Exists(Path.Combine(Folder, path)) ? File.ReadAllText(Path.Combine(Folder, path)) : "";
}
