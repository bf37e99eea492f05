using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Devices;

/// <summary>
/// One claim on its way out. Each write to sysfs runs on a thread of its own: one that the kernel never answers is left behind with its
/// device, while the others go on.
/// </summary>
/// <param name="held">The lock beside the claim's file in the folder of removals; null where it could not be made.</param>
internal sealed class DeviceRemoval(OperationContext context, Record record, FileLock? held)
{
    /// <summary>How long the other departures wait for a write of this one; then it goes on beside them.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan KernelTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan VanishTime = TimeSpan.FromSeconds(1);

    private readonly Deadline _selfRemoval = SelfRemoval(context, record);
    private Task<Errno>? _inFlight;
    private Deadline _answerDue;
    private Deadline _pause;
    private string? _effect;
    private Errno _lastAnswer;
    private bool _wasWritten;
    private string? _reported;

    public Claim Claim => record.Claims[0];

    public bool IsDone { get; private set; }

    /// <summary>Why the device is still there, as half a sentence; null when it is not known to resist.</summary>
    public string? Reason { get; private set; }

    /// <summary>A device that is not ours was brought online by us only if it was offline before.</summary>
    private bool GoesOffline => Claim.Dialect.HasOnline && !(Claim.IsForeign && Claim.WasOnline);

    public void GoOffline() => Try(TryGoOffline);

    public void Leave() => Try(TryLeave);

    private void TryGoOffline()
    {
        if (Settle() is not { } device || !GoesOffline || device.Online == false || !IsFree(device, out var node))
            return;
        if (Run(node, () => Claim.Dialect.SetOnline(device.Path, online: false), device.Online == true ? $"brought offline {Claim}" : null) is { IsNone: false } error)
            Report($"it cannot be brought offline: {Claim.Dialect.WhyNotOnline(error)}");
    }

    private void TryLeave()
    {
        if (!_pause.Passed || Settle() is not { } device || (GoesOffline && device.Online == true))
            return;
        if (Claim.IsForeign)
            PutBack(device);
        else if (_selfRemoval.Passed)
            Destroy(device);
    }

    /// <summary>What cannot be looked at now is not known to be gone: the next round looks again.</summary>
    private void Try(Action step)
    {
        try
        {
            step();
        }
        catch (IOException e)
        {
            Report(e.Message);
        }
    }

    /// <summary>Gives the lock back; without success the file stays for the next prepare.</summary>
    public void End()
    {
        if (_inFlight is null)
            held?.Dispose();
    }

    private static Deadline SelfRemoval(OperationContext context, Record record)
    {
        var claim = record.Claims[0];
        var removesItself = record.Phase >= Phase.Starting && claim.Dialect == Dialect.Mdev && !claim.IsForeign && !claim.IsHeldBack
            && HostFile.LinkTarget(Dialect.ParentPath(context.Root, claim.Parent) / "driver", out var error) is var driver
            && (driver?.EndsWith("/nvidia", StringComparison.Ordinal) ?? !error.IsAbsent);
        return Deadline.After(removesItself ? context.Settings.RemovalGrace : TimeSpan.Zero);
    }

    /// <returns>The device while there is something left to do about it.</returns>
    private HostDevice? Settle()
    {
        if (IsDone || IsInFlight())
            return null;
        var device = HostDevice.Look(context.Root, Claim.Device);
        if (device is null)
        {
            GiveVfBack();
            Finish(_wasWritten ? $"removed {Claim}" : Claim.Inode is null ? null : $"found removed already {Claim}");
        }
        else if (!Claim.Proves(device))
            Finish($"left alone the device '{Claim.Device}' on '{device.Parent}': it is not the one that was made for '{record.Name}'");
        else
            return device;
        return null;
    }

    private void Destroy(HostDevice device)
    {
        if (!IsFree(device, out var node))
            return;
        var isFirst = !_wasWritten;
        _wasWritten = true;
        // A VF's node outlives its type, so it is given back here, and not with the device.
        if (Claim.Device.Address is not null)
            GiveBack(device.Group);
        var parent = Dialect.ParentPath(context.Root, Claim.Parent);
        if (Run(node, () => Claim.Dialect.Destroy(parent, device.Path, Claim.Device, Claim.Type?.Id, Claim.Args), null) is not { } error || Settle() is null)
            return;
        // Since Linux 5.2 a driver's refusal does not reach the writer, so what counts is whether the directory has gone.
        _pause = Deadline.After(VanishTime);
        if (!error.IsNone)
            Report(Claim.Dialect.WhyNotDestroyed(error));
        else if (!isFirst)
            Report("its removal succeeded, but it is still there, as where its driver refuses; the kernel's log says why");
    }

    /// <param name="node">The device's node, to be kept open across the write, so that nobody can take the device in between.</param>
    private bool IsFree(HostDevice device, out Descriptor? node)
    {
        node = null;
        if (device.Group is not { } group)
            return true;
        node = VfioGroup.TryHold(context.Root, group, out var error);
        if (error.IsNone || error.IsAbsent)
            return true;
        Report(error == Errno.EBUSY
            ? $"{VfioGroup.Holder(context.Root, group) ?? "a process that is not to be seen from here"} holds it"
            : $"it cannot be told whether somebody holds it: '{context.Root.Vfio / group}' cannot be opened: {error.InWords}");
        return false;
    }

    private void PutBack(HostDevice device)
    {
        GiveBack(device.Group);
        Finish($"left as it was {Claim}, which is not ours");
    }

    /// <summary>A VF whose type went by itself keeps its node; one that was enabled anew has another.</summary>
    private void GiveVfBack()
    {
        if (!_wasWritten && Claim.Device.Address is not null && FileStatus.Of(HostDevice.PathOf(context.Root, Claim.Device))?.Inode == Claim.Inode)
            GiveBack(VfioGroup.Of(context.Root, Claim.Device, Claim.Parent));
    }

    private void GiveBack(SysfsName? group)
    {
        if (Claim.Node is { } owner && group is not null && Libc.lchown((context.Root.Vfio / group).Text, owner.Uid, owner.Gid) != 0)
            context.Log.Warn($"cannot give '{context.Root.Vfio / group}' back to {owner.Uid}:{owner.Gid}: {Errno.Last().InWords}, ignoring");
    }

    /// <param name="effect">What to log when the write has succeeded, be it later.</param>
    /// <returns>Null while the kernel has not answered.</returns>
    private Errno? Run(Descriptor? node, Func<Errno> write, string? effect)
    {
        _effect = effect;
        _answerDue = Deadline.After(KernelTime);
        try
        {
            _inFlight = OwnThread.Start(() =>
            {
                using (node)
                    return write();
            });
        }
        catch (IOException)
        {
            node?.Dispose();
            throw;
        }

        return IsInFlight(Turn) ? null : _lastAnswer;
    }

    private bool IsInFlight(TimeSpan wait = default)
    {
        if (_inFlight is null)
            return false;
        if (!_inFlight.Wait(wait))
        {
            if (_answerDue.Passed)
                Report(VfioGroup.Holder(context.Root, VfioGroup.Of(context.Root, Claim.Device, Claim.Parent)) is { } holder
                    ? $"the kernel waits for {holder}, which holds it"
                    : "the kernel does not answer");
            return true;
        }

        _lastAnswer = _inFlight.Result;
        _inFlight = null;
        if (_lastAnswer.IsNone && _effect is not null)
            context.Log.Info(_effect);
        return false;
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

    private void Report(string trouble)
    {
        Reason = trouble;
        if (trouble != _reported)
            context.Log.Warn($"the device {Claim} cannot be taken down yet: {trouble}");
        _reported = trouble;
    }
}
