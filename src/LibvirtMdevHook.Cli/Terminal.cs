using System.Runtime.InteropServices;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.HotPlug;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Virsh;

namespace LibvirtMdevHook.Cli;

/// <summary>
/// What the verbs have in common: their connection to libvirt, and their messages.
/// </summary>
internal static class Terminal
{
    public const double UsualWait = 60;
    public const double MaximumWait = 86400;

    private const double LeastLimit = 1;
    private const double UsualLimit = 30;

    public static WaitNotice WaitNotice { get; } = new(text => Tell($"{text} ..."));

    /// <param name="limit">How long each call may take.</param>
    /// <returns>Null when libvirt cannot be asked; the reason has been printed.</returns>
    public static VirshClient? Virsh(TimeSpan limit)
    {
        if (Libc.geteuid() != 0)
        {
            Fail("only root can make and remove devices; use sudo");
            return null;
        }

        var virsh = VirshClient.OfThisHost(limit, WaitNotice, out var problem);
        if (virsh is null)
            Fail(problem);
        return virsh;
    }

    /// <returns>The exit status.</returns>
    public static int Run(
        string domain, RequestedDevice device, bool persistent, double wait, Func<VirshClient, HotPlugRequest, Answer> operation)
    {
        if (wait is not (>= 0 and <= MaximumWait))
            return Fail($"--wait is not a number of seconds from 0 to {MaximumWait}");
        var limit = TimeSpan.FromSeconds(Math.Clamp(wait, LeastLimit, UsualLimit));
        if (Virsh(limit) is not { } virsh)
            return 1;
        var isBrokenOff = false;
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, BreakOff);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, BreakOff);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, BreakOff);
        var deadline = Deadline.After(TimeSpan.FromSeconds(wait));
        var answer = operation(virsh, new HotPlugRequest(domain, device, persistent, deadline, () => isBrokenOff));
        if (!answer.IsGood)
            return Fail(answer.Sentence);
        Output.WriteLine(answer.Sentence);
        return 0;

        // The operation finishes or undoes what it has begun.
        void BreakOff(PosixSignalContext signal) => signal.Cancel = isBrokenOff = true;
    }

    /// <returns>The exit status of a refusal.</returns>
    public static int Fail(string sentence)
    {
        Tell(sentence);
        return 1;
    }

    /// <summary>A message for the person, on stderr.</summary>
    public static void Tell(string text) => Output.WriteError($"virt-mdev: {text}");
}
