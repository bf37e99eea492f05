using System.Collections.Immutable;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The processes that have VFIO nodes open, as /proc shows them. It is read once, when the first
/// device is asked about, for a whole listing or plan: reading every link of every process takes
/// 10 ms for 1000 descriptors. No node is opened: a QEMU that opens its device at that moment would
/// get EBUSY.
/// </summary>
internal sealed class VfioHolders(Root root)
{
    private const string Deleted = " (deleted)";

    private readonly List<OpenNode> _open = [];
    private bool _isRead;

    /// <summary>Why /proc does not show all; null when it does.</summary>
    private Reason? _hidden;

    /// <summary>Reads /proc, where that is not done yet.</summary>
    public void Read()
    {
        if (_isRead)
            return;
        _isRead = true;
        _hidden = WhyProcessesAreHidden();
        var ownProgram = ProcessProgram.PathOf(root.Proc / "self");
        foreach (var pid in HostFile.List(root.Proc).Where(name => name.ToString().All(char.IsAsciiDigit)))
            Read(pid, ownProgram);
    }

    /// <returns>
    /// The processes that have a node of the device open; null when no process that this one can
    /// see has, apart from workers of this program.
    /// </returns>
    public VfioHolder? Of(VfioNodes nodes)
    {
        if (nodes.IsEmpty)
            return null;
        Read();
        var group = nodes.Group is null ? null : FileStatus.Of(root.Vfio / nodes.Group, out _);
        var cdev = nodes.Cdev is null ? null : FileStatus.Of(root.VfioCdevs / nodes.Cdev, out _);
        var groupName = nodes.Group is null ? null : $"/vfio/{nodes.Group}";
        var cdevName = nodes.Cdev is null ? null : $"/vfio/devices/{nodes.Cdev}";
        var found = _open.Where(open => IsOpen(open, groupName, group) || IsOpen(open, cdevName, cdev)).ToImmutableArray();
        if (found.IsEmpty)
            return null;
        var processes = found.Select(open => open.Pid).Distinct();
        return new VfioHolder($"process {string.Join(", ", processes.Select(NameOf))}", found);
    }

    /// <returns>
    /// Why a device is not known to be free, as a clause; null when no process that can be seen
    /// has it. Where only /proc can tell, a /proc that does not show all is a reason, too.
    /// </returns>
    public Reason? WhyNotFree(VfioNodes nodes)
    {
        if (Of(nodes) is { } holder)
            return holder.WhyNotFree;
        return _hidden is not null && nodes.IsCdevAlone(root) ? $"it cannot be told whether a process holds it: {_hidden}" : null;
    }

    private string NameOf(SysfsName pid) => $"'{HostFile.ReadTrimmed(root.Proc / pid / "comm")}' (pid {pid})";

    /// <summary>
    /// Outside the first PID namespace, and for other users under the mount option hidepid, /proc
    /// does not list every process. That namespace has a fixed number (linux/proc_ns.h).
    /// </summary>
    private Reason? WhyProcessesAreHidden()
    {
        var first = HostFile.LinkTarget(root.Proc / "1/ns/pid", out var error);
        var isFirst = first is null or "pid:[4026531836]";
        if (isFirst && (!error.IsAbsent || FileStatus.Of(root.Proc / "1", out _) is not null))
            return null;
        return $"'{root.Proc}' does not show all processes of the host; run this as root, and outside any container";
    }

    private void Read(SysfsName pid, string? ownProgram)
    {
        var descriptors = root.Proc / pid / "fd";
        var opened = new List<OpenNode>();
        var names = HostFile.List(descriptors, out var error);
        NoteUnread(pid, error);
        foreach (var name in names)
        {
            var target = HostFile.LinkTarget(descriptors / name, out error);
            NoteUnread(pid, error);
            if (target is not null && IsVfio(target))
                opened.Add(new OpenNode(pid, descriptors / name, target));
        }

        if (opened.Count == 0)
            return;
        // A worker that an upgrade has replaced is ours, too.
        var program = ProcessProgram.PathOf(root.Proc / pid);
        if (program is null || program != ownProgram)
            _open.AddRange(opened);
    }

    /// <summary>A process, or a file that it had open, may go while it is looked at.</summary>
    private void NoteUnread(SysfsName pid, Errno error)
    {
        if (error is not (Errno.None or Errno.ENOENT or Errno.ESRCH))
            _hidden ??= Reason.Of($"the files that the process {pid} has open cannot be read", error);
    }

    private static bool IsVfio(string target) => target.Contains("/vfio/", StringComparison.Ordinal);

    /// <summary>
    /// Compares the text of the link first: reading the status of every file that a process has
    /// open could hang. Where the node is not in /dev, the text alone decides. The kernel adds a mark
    /// to it when the node is deleted from the /dev that the process has: libvirt does so in QEMU's
    /// own when a guest gives a device back, and QEMU may close it only after that.
    /// </summary>
    /// <param name="name">
    /// The end of the node's path; null where the device has no such node.
    /// </param>
    /// <param name="node">The status of the node; null when it is not in /dev.</param>
    private static bool IsOpen(OpenNode open, string? name, FileStatus? node)
    {
        if (name is null)
            return false;
        var target = open.Target.EndsWith(Deleted, StringComparison.Ordinal) ? open.Target[..^Deleted.Length] : open.Target;
        if (!target.EndsWith(name, StringComparison.Ordinal))
            return false;
        return node is null || FileStatus.Of(open.Descriptor, out _)?.IsSameAs(node) == true;
    }
}

/// <summary>Processes that have a device open.</summary>
/// <param name="Text">The processes in words.</param>
/// <param name="Open">By what they have it.</param>
internal sealed record VfioHolder(string Text, ImmutableArray<OpenNode> Open)
{
    /// <summary>The reason for a device that they have, as a clause.</summary>
    public Reason WhyNotFree => new($"{Text} holds it");

    /// <summary>
    /// Whether all of them still have it: a link is read for each, not all of /proc.
    /// </summary>
    public bool IsStillThere => Open.All(open => HostFile.LinkTarget(open.Descriptor, out _) == open.Target);
}

/// <summary>A VFIO node that a process has open.</summary>
/// <param name="Descriptor">The link in /proc/PID/fd.</param>
/// <param name="Target">What the link leads to.</param>
internal sealed record OpenNode(SysfsName Pid, HostPath Descriptor, string Target);
