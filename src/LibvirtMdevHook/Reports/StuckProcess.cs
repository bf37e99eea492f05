using System.Globalization;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Reports;

/// <summary>
/// A process of this program that waits for an answer of the kernel: it keeps a file of sysfs open
/// for longer than a read or a write takes. Not even SIGKILL ends such a process.
/// </summary>
/// <param name="Gpu">The physical GPU whose driver does not answer.</param>
/// <param name="File">The file at which it waits.</param>
internal sealed record StuckProcess(int Pid, SysfsName Gpu, string File)
{
    /// <summary>A file that is open at two looks so far apart is not just being read.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.5);

    /// <returns>
    /// The processes other than this one, in the order of their ids. A user other than root sees
    /// only processes of their own.
    /// </returns>
    public static IReadOnlyList<StuckProcess> Read(Root root)
    {
        var first = Reading(root);
        if (first.Count == 0)
            return [];
        Thread.Sleep(Pause);
        var second = Reading(root);
        return [.. first.Where(second.Contains).OrderBy(stuck => stuck.Pid)];
    }

    /// <summary>Those that have a file of sysfs open at this moment.</summary>
    private static List<StuckProcess> Reading(Root root)
    {
        var reading = new List<StuckProcess>();
        var ownProgram = HostFile.LinkTarget(root.Proc / "self/exe", out _);
        foreach (var name in HostFile.List(root.Proc))
        {
            if (!int.TryParse(name.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
                continue;
            // Another user's process may have a file of sysfs open before it runs this program.
            if (FileStatus.Of(root.Proc / name, out _)?.Uid != Libc.geteuid())
                continue;
            if (pid == Environment.ProcessId || ProcessProgram.PathOf(root.Proc / name) != ownProgram)
                continue;
            foreach (var file in OpenFiles.OfSysfs(root, root.Proc / name / "fd"))
            {
                if (PhysicalGpu.OfFile(root, file) is { } gpu)
                    reading.Add(new StuckProcess(pid, gpu, file));
            }
        }

        return reading;
    }
}
