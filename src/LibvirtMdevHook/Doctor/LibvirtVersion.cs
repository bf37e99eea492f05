using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>The version of the installed daemon. The daemon's program tells it; no running daemon is asked.</summary>
internal static class LibvirtVersion
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private static readonly string[] Programs =
    [
        "/usr/sbin/libvirtd",
        "/usr/sbin/virtqemud",
        "/usr/bin/libvirtd",
        "/usr/bin/virtqemud",
        "/usr/local/sbin/libvirtd",
        "/usr/local/sbin/virtqemud",
    ];

    /// <returns>Null when no daemon is installed, or none tells its version in time.</returns>
    public static Version? Read(Root root, Deadline deadline)
    {
        foreach (var program in Programs.Select(root.At))
        {
            if (FileStatus.Of(program, out _) is { IsExecutable: true } && Ask(program, deadline) is { } version)
                return version;
        }

        return null;
    }

    /// <returns>9.0.0 of <c>libvirtd (libvirt) 9.0.0</c>.</returns>
    public static Version? Parse(string answer) => Version.TryParse(answer.Trim().Split(' ')[^1], out var version) ? version : null;

    private static Version? Ask(HostPath program, Deadline deadline)
    {
        try
        {
            var outcome = ChildProgram.Run(program.Text, ["--version"], "", deadline.AtMost(Limit));
            return outcome.Status == 0 ? Parse(outcome.Output) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
