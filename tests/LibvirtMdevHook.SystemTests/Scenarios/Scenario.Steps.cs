using System.Diagnostics;
using System.Text.RegularExpressions;
using LibvirtMdevHook.Simulator.Tree;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Scenarios;

/// <summary>The steps of scenarios.</summary>
internal abstract partial class Scenario
{
    protected void Start(VgpuDomain domain)
    {
        Lab.Define(domain.Guest());
        Start(domain.Uuid);
    }

    protected void Start(Guid domain) => Lab.Virsh("start", $"{domain}").Expected("virsh start");

    protected void Destroy(VgpuDomain domain) => Destroy(domain.Uuid);

    protected void Destroy(Guid domain) => Lab.Virsh("destroy", $"{domain}").Expected("virsh destroy");

    /// <summary>Starts a defined domain in the background.</summary>
    protected Task<Outcome> StartLater(Guid domain) => Task.Run(() => Lab.Virsh("start", $"{domain}"));

    /// <summary>Starts a domain whose start has to fail.</summary>
    /// <returns>What virsh prints.</returns>
    protected string FailedStart(Guid domain) => Failure(Lab.Virsh("start", $"{domain}"));

    /// <summary>Starts a domain that the hook has to refuse.</summary>
    /// <returns>The hook's sentence as virsh shows it.</returns>
    protected string Refusal(Guid domain) => Sentence(FailedStart(domain));

    protected static string Failure(Outcome outcome)
    {
        Assert.That(outcome.Status, Is.EqualTo(1), outcome.Output);
        return outcome.Errors;
    }

    /// <summary>The hook's sentence in virsh's message: a line, after which nothing follows.</summary>
    protected static string Sentence(string errors)
    {
        var found = OurSentence().Match(errors);
        Assert.That(found.Success, errors);
        return found.Groups[1].Value;
    }

    protected string State(Guid domain) => Lab.Virsh("domstate", $"{domain}").Expected("virsh domstate").Output.Trim();

    protected string VirtMdev(params IEnumerable<string> arguments) =>
        Lab.Run([Path.Combine(Lab.Folder, "usr/bin/virt-mdev"), .. arguments]).Expected("virt-mdev").Output;

    protected string RecordFile(VgpuDomain domain) => Path.Combine(Lab.Records, $"domains/{domain.Uuid}.xml");

    protected bool HasRecord(VgpuDomain domain) => File.Exists(RecordFile(domain));

    protected bool Exists(Guid device) => Lab.Host.Exists($"sys/bus/mdev/devices/{device}");

    /// <summary>The inode of a device's folder, which differs between devices of one name.</summary>
    protected string Inode(Guid device) => Lab.Host.Inode($"sys/bus/mdev/devices/{device}");

    /// <summary>The name of a device's group and of its node.</summary>
    protected string Group(Guid device) =>
        Path.GetFileName(Lab.Run("readlink", $"/sys/bus/mdev/devices/{device}/iommu_group").Expected("readlink").Output.Trim());

    /// <summary>Writes to a file of the host, as another program than the hook.</summary>
    protected void Write(string path, string text) => Assert.That(Lab.Host.Write(path, text), Is.EqualTo(Errno.None));

    /// <summary>Waits for a line of the simulator's log that contains all of these words.</summary>
    protected void WaitForLine(params string[] parts) => Wait.Until(
        () => Lines.Any(line => parts.All(part => line.Contains(part, StringComparison.Ordinal))), () => string.Join('\n', Lines));

    /// <summary>Waits for a line of the hook's log that contains this text.</summary>
    protected void WaitForEffect(string part, int times = 1) =>
        Wait.Until(() => Effects.Count(line => line.Contains(part, StringComparison.Ordinal)) >= times, () => Lab.HookLog);

    /// <summary>Measures how long an action takes.</summary>
    protected static TimeSpan Time(Action action)
    {
        var begin = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(begin);
    }

    [GeneratedRegex(@"unexpected exit status 1: libvirt-mdev-hook: ([^\n]*)\s*\z")]
    private static partial Regex OurSentence();
}
