using System.Collections.Immutable;
using System.Globalization;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>The processes that vGPUs need, as /proc shows them.</summary>
/// <param name="Libvirt">
/// The daemons of root that call hooks; a user's session has daemons of its own.
/// </param>
/// <param name="HasVgpuManager">
/// NVIDIA's nvidia-vgpu-mgr runs. (nvidia-vgpud ends when it has told the driver the types.)
/// </param>
/// <param name="IsComplete">False where /proc hides the processes of other users.</param>
internal sealed record Processes(ImmutableArray<LibvirtDaemon> Libvirt, bool HasVgpuManager, bool IsComplete)
{
    public const string VgpuManager = "nvidia-vgpu-mgr";

    /// <summary>
    /// The kernel counts the start of a process in hundredths of a second (USER_HZ).
    /// </summary>
    private const int TicksPerSecond = 100;

    private static readonly string[] Daemons = ["libvirtd", "virtqemud"];

    public static Processes Read(Root root)
    {
        var boot = BootTime(HostFile.Read(root.Proc / "stat", out _));
        var daemons = ImmutableArray.CreateBuilder<LibvirtDaemon>();
        var hasVgpuManager = false;
        foreach (var pid in HostFile.List(root.Proc).Where(name => name.ToString().All(char.IsAsciiDigit)))
        {
            var process = root.Proc / pid;
            var name = HostFile.ReadTrimmed(process / "comm");
            hasVgpuManager |= name == VgpuManager;
            if (name is not null && Daemons.Contains(name) && FileStatus.Of(process, out _)?.Uid == 0)
                daemons.Add(LibvirtDaemon.Read(root, process, name, pid, boot + StartTime(HostFile.Read(process / "stat", out _))));
        }

        var isComplete = HostFile.ReadTrimmed(root.Proc / "1/comm") is not null;
        return new Processes(daemons.ToImmutable(), hasVgpuManager, isComplete);
    }

    /// <param name="stat">The text of /proc/stat.</param>
    /// <returns>Seconds since 1970 of the host's boot.</returns>
    public static double? BootTime(string? stat)
    {
        const string key = "btime ";
        var line = stat?.Split('\n').FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal));
        return line is null ? null : Number(line[key.Length..]);
    }

    /// <param name="stat">
    /// The text of /proc/PID/stat. Its second field, the name in parentheses, may hold any
    /// character (proc(5)).
    /// </param>
    /// <returns>Seconds since boot, from the 22nd field.</returns>
    public static double? StartTime(string? stat)
    {
        var afterName = stat?[(stat.LastIndexOf(')') + 1)..];
        var fields = afterName?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return fields.Length > 19 ? Number(fields[19]) / TicksPerSecond : null;
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
