namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>Which program runs under strace, and with which options.</summary>
internal sealed record Tracing(Traced Program, params IReadOnlyList<string> Options)
{
    /// <summary>All calls, with the files of their descriptors. The virsh that virt-mdev starts names none on the host.</summary>
    public static Tracing Of(Traced program) => new(program, program == Traced.Hook ? ["-y", "-s", "0"] : ["-f", "-y", "-s", "0"]);

    /// <summary>Injects something at one call.</summary>
    /// <param name="what">What strace injects, such as <c>signal=KILL</c>.</param>
    /// <param name="path">The full name of the call's file.</param>
    public static Tracing At(Traced program, SystemCall call, string what, string path) => new(
        program,
        [
            .. call.IsOfMain ? [] : new[] { "-f" }, .. call.Path.Length == 0 ? [] : new[] { "-P", path },
            "-e", $"trace={call.Name}", "-e", $"inject={call.Name}:{what}:when={call.Nth}",
        ]);

    /// <summary>From one call of the main thread on, each call of its name fails, whatever the file is.</summary>
    public static Tracing From(Traced program, SystemCall call, string what) =>
        new(program, "-e", $"trace={call.Name}", "-e", $"inject={call.Name}:{what}:when={call.NthOfAll}+");
}

/// <summary>The programs of an operation.</summary>
internal enum Traced
{
    Hook,
    Worker,

    /// <summary>virt-mdev as people call it.</summary>
    Command,
}
