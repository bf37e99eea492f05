using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>The version of the daemon that is installed, from the daemon's program itself: no running one is asked.</summary>
internal static class LibvirtVersion
{
    private static readonly string[] Programs =
        [.. from folder in new[] { "/usr/sbin", "/usr/bin", "/usr/local/sbin" } from name in new[] { "libvirtd", "virtqemud" } select $"{folder}/{name}"];

    /// <returns>Null when there is none, or it does not tell in time.</returns>
    public static Version? Read(Root root, Deadline deadline) =>
        Programs.Select(root.At).Where(program => FileStatus.Of(program, out _) is { IsExecutable: true }).Select(program => Ask(program, deadline))
            .OfType<Version>().FirstOrDefault();

    /// <returns>9.0.0 of <c>libvirtd (libvirt) 9.0.0</c>.</returns>
    public static Version? Parse(string answer) => Version.TryParse(answer.Trim().Split(' ')[^1], out var version) ? version : null;

    private static Version? Ask(HostPath program, Deadline deadline)
    {
        try
        {
            var outcome = ChildProgram.Run(program.Text, ["--version"], "", deadline.AtMost(TimeSpan.FromSeconds(2)));
            return outcome.Status == 0 ? Parse(outcome.Output) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
