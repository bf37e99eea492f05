using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Devices;

/// <summary>
/// The removal of one device: offline, destroy, forget. Each write to sysfs runs on a thread of its
/// own, so that a write which the kernel never answers is left behind with its device, while other
/// removals go on.
/// </summary>
/// <param name="held">
/// The lock beside the claim's file in the folder of removals; null where it could not be made.
/// </param>
internal sealed class DeviceRemoval(OperationContext context, Record record, FileLock? held)
{
    /// <summary>
    /// How long the other removals wait for a write of this one; then they go on beside it.
    /// </summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How long the kernel may take to answer a write before that is worth a word.
    /// </summary>
    private static readonly TimeSpan KernelTime = TimeSpan.FromSeconds(2);

    /// <summary>How long a device may take to vanish after its driver was asked.</summary>
    private static readonly TimeSpan VanishTime = TimeSpan.FromSeconds(1);

    private readonly Deadline _selfRemoval = SelfRemoval(context, record);
    private readonly BackgroundWrite _write = new();
    private readonly LastHolder _holder = new(context.Root);
    private Deadline _nextDestroy;
    private bool _wasDestroyed;
    private string? _reported;

    /// <summary>
    /// The nodes of the device when it was seen last: its folder <c>vfio-dev</c> goes before the
    /// kernel waits for the process that has the cdev open.
    /// </summary>
    private VfioNodes? _nodes;

    public Claim Claim => record.Claims[0];

    public bool IsDone { get; private set; }

    /// <summary>Why the device is still there; null when nothing is known to keep it.</summary>
    public Reason? Reason { get; private set; }

    /// <summary>
    /// A device that is not ours was brought online by us only if it was offline before.
    /// </summary>
    private bool GoesOffline => Claim.Dialect.HasOnline && !(Claim.IsForeign && Claim.WasOnline);

    private bool IsVf => Claim.Device.Address is not null;

    public void GoOffline()
    {
        try
        {
            TryGoOffline();
        }
        catch (IOException e)
        {
            // What cannot be looked at now is not known to be gone: the next round looks again.
            Report(e.Message);
        }
    }

    public void Leave()
    {
        try
        {
            TryLeave();
        }
        catch (IOException e)
        {
            Report(e.Message);
        }
    }

    /// <summary>
    /// Gives the lock back; where the device is still there, its file stays for the next prepare.
    /// </summary>
    public void End()
    {
        if (!_write.IsInKernel)
            held?.Dispose();
    }

    /// <summary>
    /// When a driver that removes its devices itself has had its time; at once for any other.
    /// </summary>
    private static Deadline SelfRemoval(OperationContext context, Record record)
    {
        var claim = record.Claims[0];
        var mayHaveBeenHeld = record.Phase >= Phase.Starting && !claim.IsForeign && !claim.IsHeldBack;
        var isMdev = claim.Dialect == Dialect.Mdev;
        // To remove a device before NVIDIA's driver does can wedge the GPU, so a driver that cannot
        // be told counts as NVIDIA's.
        var removesItself = mayHaveBeenHeld && isMdev && NvidiaDriver.MayDrive(Dialect.ParentPath(context.Root, claim.Parent));
        return Deadline.After(removesItself ? context.Settings.RemovalGrace : TimeSpan.Zero);
    }

    private void TryGoOffline()
    {
        if (LookOrFinish() is not { } device || !GoesOffline || device.Online == false)
            return;
        if (!TryHoldNode(device, out var node))
            return;
        var effect = device.Online == true ? $"brought offline {Claim}" : null;
        _write.Begin(node, () => Claim.Dialect.SetOnline(device.Path, online: false), effect);
        if (IsAnswered(Turn) && !_write.Answer.IsNone)
            Report($"it cannot be brought offline: {Claim.Dialect.WhyNotOnline(_write.Answer)}");
    }

    private void TryLeave()
    {
        if (!_nextDestroy.Passed || LookOrFinish() is not { } device)
            return;
        if (GoesOffline && device.Online == true)
            return;
        if (Claim.IsForeign)
            PutBack(device);
        else if (_selfRemoval.Passed)
            Destroy(device);
    }

    /// <summary>Finishes the removal where nothing is left to do.</summary>
    /// <returns>
    /// The device while there is something left to do about it, and the kernel has answered what
    /// was written last.
    /// </returns>
    private HostDevice? LookOrFinish()
    {
        if (IsDone || !IsAnswered(TimeSpan.Zero))
            return null;
        var device = HostDevice.Look(context.Root, Claim.Device);
        if (device is null)
        {
            GiveVfsNodeBack();
            Finish(EffectOfAbsence());
            return null;
        }

        if (Claim.Proves(device))
        {
            _nodes = device.Nodes;
            return device;
        }

        Finish($"left alone the device '{Claim.Device}' on '{device.Parent}': it is not the one that was made for '{record.Name}'");
        return null;
    }

    private string? EffectOfAbsence()
    {
        if (_wasDestroyed)
            return $"removed {Claim}";
        return Claim.Inode is null ? null : $"found removed already {Claim}";
    }

    private void Destroy(HostDevice device)
    {
        if (!TryHoldNode(device, out var node))
            return;
        var isFirst = !_wasDestroyed;
        _wasDestroyed = true;
        // A VF's node outlives its type, so it is given back here, and not with the device.
        if (IsVf)
            GiveNodeBack(device.Nodes);
        var parent = Dialect.ParentPath(context.Root, Claim.Parent);
        _write.Begin(node, () => Claim.Dialect.Destroy(parent, device.Path, Claim.Device, Claim.Type?.Id, Claim.Args), effect: null);
        if (!IsAnswered(Turn))
            return;
        var error = _write.Answer;
        if (LookOrFinish() is null)
            return;
        // Since Linux 5.2 a driver's refusal does not reach the writer, so what counts is whether
        // the directory has gone.
        _nextDestroy = Deadline.After(VanishTime);
        if (!error.IsNone)
            Report(Claim.Dialect.WhyNotDestroyed(error));
        else if (!isFirst)
            Report("the kernel reported success, but the device is still there, as where its driver refuses; the kernel's log says why");
    }

    /// <summary>
    /// Opens the group's node where nothing else holds the device. A device without such a node
    /// leaves it null; whether it is held only /proc tells then.
    /// </summary>
    /// <param name="node">
    /// Kept open across the write, so that no process can take the device in between.
    /// </param>
    /// <returns>False when the device is held, or may be.</returns>
    private bool TryHoldNode(HostDevice device, out Descriptor? node)
    {
        node = null;
        var reason = device.Nodes.Group is { } group ? TryHoldGroup(device.Nodes, group, out node) : null;
        if (node is null && reason is null && device.Nodes.IsCdevAlone(context.Root))
            reason = _holder.WhyNotFree(device.Nodes);
        if (reason is not null)
            Report(reason.Text);
        return reason is null;
    }

    private Reason? TryHoldGroup(VfioNodes nodes, SysfsName group, out Descriptor? node)
    {
        node = VfioNodes.TryHold(context.Root, group, out var error);
        if (error.IsNone || error.IsAbsent)
            return null;
        if (error == Errno.EBUSY)
            return $"{_holder.FindHolder(nodes)?.Text ?? "a process that cannot be seen from here"} holds it";
        return Reason.Of($"it cannot be told whether a process holds it: '{context.Root.Vfio / group}' cannot be opened", error);
    }

    private void PutBack(HostDevice device)
    {
        GiveNodeBack(device.Nodes);
        Finish($"left as it was {Claim}, which is not ours");
    }

    /// <summary>
    /// A VF whose type went by itself keeps its node; one that was enabled anew has another.
    /// </summary>
    private void GiveVfsNodeBack()
    {
        if (_wasDestroyed || !IsVf)
            return;
        if (FileStatus.Of(HostDevice.PathOf(context.Root, Claim.Device))?.Inode == Claim.Inode)
            GiveNodeBack(VfioNodes.Of(context.Root, Claim.Device, Claim.Parent));
    }

    private void GiveNodeBack(VfioNodes nodes)
    {
        if (Claim.Node is not { } owner || nodes.NodeIn(context.Root) is not { } node)
            return;
        if (Libc.lchown(node.Text, owner.Uid, owner.Gid) != 0)
            context.Log.Warn($"cannot give '{node}' back to {owner.Uid}:{owner.Gid}: {Errno.Last().InWords}, ignoring");
    }

    /// <summary>
    /// Waits a while for the kernel's answer to what was written last, and logs its effect.
    /// </summary>
    /// <returns>False while there is no answer.</returns>
    private bool IsAnswered(TimeSpan wait)
    {
        if (!_write.IsInKernel)
            return true;
        if (_write.Wait(wait))
        {
            if (_write.Effect is { } effect)
                context.Log.Info(effect);
            return true;
        }

        if (_write.Age > KernelTime)
            ReportSilence();
        return false;
    }

    private void ReportSilence()
    {
        var nodes = _nodes ?? VfioNodes.Of(context.Root, Claim.Device, Claim.Parent);
        var holder = _holder.FindHolder(nodes);
        Report(holder is null ? "the kernel does not answer" : $"the kernel waits for {holder.Text}, which holds it");
    }

    private void Finish(string? effect)
    {
        IsDone = true;
        Reason = null;
        if (effect is not null)
            context.Log.Info(effect);
        context.Records.DeleteRemoving(Claim.Device);
        held?.Delete();
        held?.Dispose();
    }

    private void Report(string reason)
    {
        Reason = reason;
        if (reason != _reported)
            context.Log.Warn($"the device {Claim} cannot be taken down yet: {reason}");
        _reported = reason;
    }
}
