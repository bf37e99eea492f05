using System.Collections.Immutable;
using System.Globalization;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Doctor;

/// <summary>The processes that vGPUs need, as /proc shows them.</summary>
/// <param name="Libvirt">root's daemons that call hooks; those of sessions are others' business.</param>
/// <param name="HasVgpuManager">NVIDIA's nvidia-vgpu-mgr runs. (nvidia-vgpud ends when it has told the driver the types.)</param>
/// <param name="IsComplete">False where /proc hides the processes of others.</param>
internal sealed record Processes(ImmutableArray<LibvirtDaemon> Libvirt, bool HasVgpuManager, bool IsComplete)
{
    public const string VgpuManager = "nvidia-vgpu-mgr";

    private static readonly string[] Daemons = ["libvirtd", "virtqemud"];

    public static Processes Read(Root root)
    {
        var boot = BootTime(HostFile.Read(root.Proc / "stat", out _));
        var named = HostFile.List(root.Proc).Where(pid => pid.ToString().All(char.IsAsciiDigit))
            .Select(pid => (Path: root.Proc / pid, Pid: pid.ToString(), Name: HostFile.ReadTrimmed(root.Proc / pid / "comm"))).ToArray();
        return new Processes(
            [.. named.Where(p => Daemons.Contains(p.Name) && FileStatus.Of(p.Path, out _)?.Uid == 0)
                .Select(p => new LibvirtDaemon(p.Name!, p.Pid, boot + StartTime(HostFile.Read(p.Path / "stat", out _))))],
            named.Any(p => p.Name == VgpuManager),
            HostFile.ReadTrimmed(root.Proc / "1/comm") is not null);
    }

    /// <returns>Seconds since 1970 of the host's boot, of /proc/stat.</returns>
    public static double? BootTime(string? stat) =>
        stat?.Split('\n').FirstOrDefault(line => line.StartsWith("btime ", StringComparison.Ordinal)) is { } line ? Number(line["btime ".Length..]) : null;

    /// <returns>Seconds since boot: the 22nd field of /proc/PID/stat, in hundredths. The name before it may hold anything (proc(5)).</returns>
    public static double? StartTime(string? stat) =>
        stat is not null && stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: > 19 } fields
            ? Number(fields[19]) / 100
            : null;

    private static double? Number(string text) => double.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>A daemon that calls hooks.</summary>
/// <param name="Start">Seconds since 1970; null when it is not to be told.</param>
internal sealed record LibvirtDaemon(string Name, string Pid, double? Start);
