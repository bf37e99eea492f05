using System.Globalization;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// A GPU whose driver does not answer a read. The process that waits for the answer may never end,
/// so it notes the GPU in <c>/run/libvirt-mdev/silent</c>, and no other process reads the GPU as
/// long as that one waits. The note is a file <c>GPU.PID</c> that says where the process waits. The
/// process holds the file's lock, which the kernel releases when the process ends.
/// </summary>
/// <param name="Pid">The id of the process that waits.</param>
/// <param name="File">The file of sysfs at which it waits; empty when that is not known.</param>
internal sealed record SilentGpu(SysfsName Gpu, int Pid, string File)
{
    private const uint ReadableByPeople = 0x1ed;

    /// <summary>What to do about it, as a clause.</summary>
    public const string Remedy = "look into the kernel's log ('journalctl -k'); "
        + "a driver that hangs lets go when its module is loaded anew, or at the next boot";

    /// <summary>What is wrong, as a clause about the GPU.</summary>
    public string What
    {
        get
        {
            var place = File.Length > 0 ? $" at '{File}'" : "";
            return $"it does not answer{place}, where process {Pid} waits";
        }
    }

    private static HostPath Folder(Root root) => root.State / "silent";

    /// <summary>
    /// There is no folder as long as every GPU answers; to list it then would throw inside .NET, at
    /// every look at a device.
    /// </summary>
    private static IReadOnlyList<SysfsName> Notes(Root root) =>
        FileStatus.Of(Folder(root), out _) is null ? [] : HostFile.List(Folder(root));

    /// <returns>Null when no process waits for the GPU.</returns>
    public static SilentGpu? Find(Root root, SysfsName gpu) => All(root).FirstOrDefault(silent => silent.Gpu == gpu);

    /// <returns>The GPUs for which a process waits now, one for each process.</returns>
    public static IEnumerable<SilentGpu> All(Root root)
    {
        var names = Notes(root);
        if (names.Count == 0 || HeldLocks.Read(root) is not { } locks)
            yield break;
        foreach (var name in names)
        {
            var file = Folder(root) / name;
            if (Parse(name.ToString()) is var (gpu, pid) && locks.Has(file) && IsAlive(root, pid))
                yield return new SilentGpu(gpu, pid, HostFile.ReadTrimmed(file) ?? "");
        }
    }

    /// <summary>
    /// Notes that this process waits for the GPU. Where the note cannot be made, as for a user
    /// other than root, each other process waits for the GPU once.
    /// </summary>
    /// <param name="file">
    /// The file of sysfs at which it waits; empty when that is not known.
    /// </param>
    /// <param name="read">The note goes when this ends.</param>
    public static SilentGpu Note(Root root, SysfsName gpu, string file, Task read)
    {
        var silent = new SilentGpu(gpu, Environment.ProcessId, file);
        Libc.mkdir(root.State.Text, ReadableByPeople);
        Libc.mkdir(Folder(root).Text, ReadableByPeople);
        DeleteDebris(root);
        try
        {
            var note = Folder(root) / $"{gpu}.{silent.Pid}";
            if (FileLock.Take(note, Deadline.After(TimeSpan.Zero)) is { } held)
            {
                HostFile.Write(note, file);
                read.ContinueWith(
                    _ => Withdraw(held), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
        catch (IOException)
        {
            // Only other processes need the note.
        }

        return silent;
    }

    /// <summary>Deletes the notes of processes that have ended.</summary>
    public static void DeleteDebris(Root root)
    {
        foreach (var name in Notes(root))
        {
            try
            {
                using var ended = FileLock.Take(Folder(root) / name, Deadline.After(TimeSpan.Zero));
                ended?.Delete();
            }
            catch (IOException)
            {
                // A note means nothing while no process holds its lock.
            }
        }
    }

    /// <summary>For listings: what is missing, and why, without the remedy.</summary>
    public string WhyLeftOut => $"the GPU '{Gpu}' cannot be looked at: {What}";

    /// <summary>
    /// The lock alone does not tell: a process that deletes the note of one that has ended takes it
    /// for a moment.
    /// </summary>
    private static bool IsAlive(Root root, int pid) => FileStatus.Of(root.Proc / $"{pid}", out _) is not null;

    private static void Withdraw(FileLock note)
    {
        note.Delete();
        note.Dispose();
    }

    private static (SysfsName Gpu, int Pid)? Parse(string name)
    {
        var dot = name.LastIndexOf('.');
        if (dot < 0 || !SysfsName.TryParse(name[..dot], out var gpu))
            return null;
        return int.TryParse(name[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? (gpu, pid) : null;
    }
}
