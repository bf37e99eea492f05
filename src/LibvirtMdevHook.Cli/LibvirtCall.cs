using System.Runtime.InteropServices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Operations;

namespace LibvirtMdevHook.Cli;

/// <summary>What the verbs that work with libvirt have in common: whom they ask, and how they tell people.</summary>
internal static class LibvirtCall
{
    public const double UsualWait = 60;
    public const double MaximumWait = 86400;

    private const double LeastLimit = 1;
    private const double UsualLimit = 30;

    public static Notices Notices { get; } = new(text => Tell($"{text} ..."));

    /// <param name="limit">How long each call may take.</param>
    /// <returns>Null when it cannot be asked; why has been printed.</returns>
    public static Virsh? Virsh(TimeSpan limit)
    {
        if (Libc.geteuid() != 0)
            Complain("only root can make and remove devices; use sudo");
        else if (Operations.Virsh.OfThisHost(limit, Notices, out var problem) is { } virsh)
            return virsh;
        else
            Complain(problem);
        return null;
    }

    /// <returns>The exit status.</returns>
    public static int Run(string domain, PlugWish wish, bool persistent, double wait, Func<Virsh, HotPlugOrder, Answer> operation)
    {
        if (wait is not (>= 0 and <= MaximumWait))
            return Complain($"--wait is not a number of seconds from 0 to {MaximumWait}");
        var limit = TimeSpan.FromSeconds(Math.Clamp(wait, LeastLimit, UsualLimit));
        if (Virsh(limit) is not { } virsh)
            return 1;
        var isBrokenOff = false;
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, BreakOff);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, BreakOff);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, BreakOff);
        var answer = operation(virsh, new HotPlugOrder(domain, wish, persistent, Deadline.After(TimeSpan.FromSeconds(wait)), () => isBrokenOff));
        if (!answer.IsGood)
            return Complain(answer.Sentence);
        Console.WriteLine(OneLine.Of(answer.Sentence));
        return 0;

        // What was begun is ended or undone, not left lying about.
        void BreakOff(PosixSignalContext signal) => signal.Cancel = isBrokenOff = true;
    }

    /// <returns>The exit status of a refusal.</returns>
    public static int Complain(string sentence)
    {
        Tell(sentence);
        return 1;
    }

    /// <summary>Where nobody can be told any more, as on a terminal that has gone (EIO) or was closed (EBADF), the work goes on all the same.</summary>
    private static void Tell(string text)
    {
        try
        {
            Console.Error.WriteLine($"virt-mdev: {OneLine.Of(text)}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no place left to say that nobody can be told.
        }
    }
}
