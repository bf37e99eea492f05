using System.Text.RegularExpressions;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;
using NUnit.Framework.Interfaces;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>Scenarios on one libvirtd. Each begins on a host without anything of ours, and fails unless it ends on such a host.</summary>
/// <param name="hostFile">The name of a host file of the simulator.</param>
/// <param name="options">What differs from the usual.</param>
internal abstract partial class Scenario(string hostFile, LabOptions? options = null)
{
    private HermeticLibvirtd? _running;
    private string _untouched = "";
    private int _earlierEffects;
    private int _earlierLines;

    protected HermeticLibvirtd Lab => _running ?? throw new InvalidOperationException("No lab was started.");

    /// <summary>What the hook logged in this scenario, without the times: level, operation and domain, and what was done.</summary>
    protected string[] Effects => AllEffects()[_earlierEffects..];

    /// <summary>What the simulator logged in this scenario, without the times.</summary>
    protected string[] Lines => [.. Lab.Host.Log().Skip(_earlierLines)];

    /// <summary>The writes to attributes in this scenario, from the parent's folder on: path, data, result.</summary>
    protected string[] Writes => [.. Lines.Where(line => BeforeParent().IsMatch(line)).Select(line => BeforeParent().Replace(line, ""))];

    [SetUp]
    public void Begin()
    {
        _running ??= HermeticLibvirtd.Start(hostFile, options);
        _untouched = Lab.Host.Tree();
        (_earlierEffects, _earlierLines) = (AllEffects().Length, Lab.Host.Log().Count);
    }

    [TearDown]
    public void End()
    {
        var failed = TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed;
        if (_running is null)
            return;
        try
        {
            Lab.Host.Control("clear");
            if (!failed)
            {
                EndDomains(Lab);
                NothingMayBeLeft();
            }
        }
        catch
        {
            failed = true;
            throw;
        }
        finally
        {
            if (failed)
            {
                TestContext.Out.WriteLine($"Hook:\n{Lab.HookLog}\nSimulator:\n{string.Join('\n', Lines)}\nlibvirtd:\n{Lab.DaemonLog}");

                // The next scenario must not suffer from this one.
                Stop();
            }
        }
    }

    [OneTimeTearDown]
    public void Stop()
    {
        _running?.Dispose();
        _running = null;
    }

    /// <summary>Waits until the host is as before the scenario and has no record; fails if it never is.</summary>
    protected void NothingMayBeLeft()
    {
        NothingMayBeLeftIn(Lab);
        Assert.That(Lab.Host.Tree(), Is.EqualTo(_untouched));
        Assert.That(File.ReadAllText(Path.Combine(Lab.Folder, "simulator.err")), Is.Empty);
    }

    /// <summary>Waits until a lab has no device and no record; fails if it never has.</summary>
    protected static void NothingMayBeLeftIn(HermeticLibvirtd lab) =>
        Wait.Until(() => Left(lab).Length == 0, () => "there are " + string.Join(", ", Left(lab)));

    /// <summary>Ends and undefines every domain of a lab.</summary>
    protected static void EndDomains(HermeticLibvirtd lab)
    {
        foreach (var domain in Domains(lab, "--state-running"))
            lab.Virsh("destroy", $"{domain}").Expected("virsh destroy");
        foreach (var domain in Domains(lab, "--all"))
            lab.Virsh("undefine", "--managed-save", $"{domain}").Expected("virsh undefine");
    }

    private static Guid[] Domains(HermeticLibvirtd lab, string which) =>
        [.. Split(lab.Virsh("list", which, "--uuid").Expected("virsh list").Output, '\n').Select(Guid.Parse)];

    private static string[] Left(HermeticLibvirtd lab) =>
    [
        .. new[] { "domains", "removing", "reserved", "set-aside" }.Select(folder => Path.Combine(lab.Records, folder))
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateFileSystemEntries),
        .. lab.Host.State().Split('\n').Where(line => line.StartsWith("device ", StringComparison.Ordinal)),
    ];

    private string[] AllEffects() => [.. Split(Lab.HookLog, '\n').Select(line => string.Join(' ', Split(line, ' ')[1..]))];

    private static string[] Split(string text, char at) => text.Split(at, StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex("^write sys/devices/.*?/(?=0000:8[67]:)")]
    private static partial Regex BeforeParent();
}
