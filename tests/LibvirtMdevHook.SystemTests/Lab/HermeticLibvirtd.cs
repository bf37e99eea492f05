using System.Diagnostics;
using System.Globalization;
using LibvirtMdevHook.SystemTests.Simulation;

namespace LibvirtMdevHook.SystemTests.Lab;

/// <summary>
/// A libvirtd of its own on a simulated host, in namespaces of its own, with our hook installed by the real installer. What is said
/// about paths: those in the lab are the usual ones; seen from outside, they lie in <see cref="Folder"/>.
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

        // The lab ends with this pipe, should the tests be killed.
        _starter = Process.Start(Command.Redirected(SourceTree.Lab,
        [
            "start", Folder, "--host", Path.Combine(_place, "host.xml"), "--simulator",
            Path.Combine(AppContext.BaseDirectory, "mdev-simulator"), "--cache", SourceTree.LabCache, "--attached",
        ]))!;
    }

    /// <summary>The lab's folder.</summary>
    public string Folder => Path.Combine(_place, "lab");

    /// <summary>The records, which in the lab are /run/libvirt-mdev.</summary>
    public string Records => Path.Combine(Folder, "run/libvirt-mdev");

    /// <summary>What the hook logged, empty if nothing.</summary>
    public string HookLog => ReadIfThere("log/mdev-hook.log");

    /// <summary>What libvirtd logged: warnings and errors.</summary>
    public string DaemonLog => ReadIfThere("log/libvirtd.log");

    /// <summary>The simulated host that libvirtd runs on.</summary>
    public SimulatedTree Host => new(Root + Folder + "/host", "control", Path.Combine(Folder, "simulator.log"));

    /// <summary>Where the lab's own / can be reached from outside.</summary>
    public string Root => $"/proc/{File.ReadAllText(Path.Combine(Folder, "lab.pid")).Split(' ')[0]}/root";

    /// <summary>Starts a lab.</summary>
    /// <param name="hostFile">The name of a host file of the simulator, without its folder.</param>
    /// <param name="options">What is to differ from the usual.</param>
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

    /// <summary>Defines a domain and expects that it works.</summary>
    public void Define(GuestDomain domain) => Define($"{domain}");

    /// <summary>Defines a domain, of which this is the XML, and expects that it works.</summary>
    public void Define(string xml)
    {
        var file = Path.Combine(_place, $"{Guid.NewGuid()}.xml");
        File.WriteAllText(file, xml);
        Virsh("define", "--validate", file).Expected("virsh define");
    }

    /// <summary>The process id of a guest's QEMU, as it counts in the lab.</summary>
    public int Guest(string domain) =>
        int.Parse(File.ReadAllText(Path.Combine(Folder, $"run/libvirt/qemu/{domain}.pid")), CultureInfo.InvariantCulture);

    /// <summary>Ends a guest's QEMU at once.</summary>
    public void KillGuest(string domain) => Run("kill", "-KILL", $"{Guest(domain)}").Expected("kill");

    /// <summary>Stops libvirtd as an administrator does; guests go on.</summary>
    public void StopDaemon() => Daemon("stop");

    public void StartDaemon() => Daemon("start");

    public void RestartDaemon() => Daemon("restart");

    /// <summary>Ends libvirtd at once; guests go on.</summary>
    public void KillDaemon() => Daemon("kill");

    /// <summary>Lets libvirtd read its configuration and look for hooks again.</summary>
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
        if (!_starter.WaitForExit(Command.Patience) || _starter.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"The lab did not start: {(_starter.HasExited ? _starter.StandardError.ReadToEnd() : "no end of it")}");
        }
    }

    private void Install(string configuration)
    {
        Run("env", $"PREFIX={Folder}/usr", SourceTree.Installer, "--prebuilt", SourceTree.Published).Expected("install.sh");

        // The installer's own reload takes effect some time later; this one has taken effect when it returns.
        ReloadDaemon();
        File.AppendAllText(Path.Combine(Folder, "etc-libvirt/mdev-hook.conf"), configuration);
    }

    private void Daemon(string what) => Act("daemon", what).Expected($"lab daemon {what}");

    private Outcome Act(string verb, params IEnumerable<string> arguments) => Command.Run(SourceTree.Lab, [verb, Folder, .. arguments]);

    private string ReadIfThere(string path) => File.Exists(Path.Combine(Folder, path)) ? File.ReadAllText(Path.Combine(Folder, path)) : "";
}
