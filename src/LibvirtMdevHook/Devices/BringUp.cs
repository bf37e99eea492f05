using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Devices;

/// <summary>
/// Walks the claims of a record up: create all, wait for all, the attributes of all, online all,
/// and proves each. The record is saved at every step, so that whoever comes after a crash knows
/// what is ours. It undoes nothing: that is the way back, <see cref="TakeDown"/>.
/// </summary>
/// <param name="only">
/// The one device to bring up, for a domain that runs with its others; null for all.
/// </param>
internal sealed class BringUp(OperationContext context, TimeBudget budget, Record planned, DeviceId? only = null)
{
    /// <summary>
    /// How long sysfs may take to show what a write has done, which the kernel has answered
    /// already.
    /// </summary>
    private static readonly TimeSpan ShowTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan NodeTime = TimeSpan.FromSeconds(5);

    private BringUpFailure? _failure;

    /// <summary>The record as far as it came.</summary>
    public Record Record { get; private set; } = planned;

    private IEnumerable<Claim> Claims => Record.Claims.Where(c => only is null || c.Device == only);

    /// <returns>Null when every device is there and online.</returns>
    public BringUpFailure? Run()
    {
        try
        {
            if (!(Each(Create) && Each(Appear) && Each(SetAttributes) && Each(GoOnline) && WaitForNodes()))
                return _failure;
            if (Record.Phase == Phase.Preparing)
                Save(Record with { Phase = Phase.Prepared });
            else
                Save(Record);
            return null;
        }
        catch (IOException e)
        {
            return new BringUpFailure(e.Message, Retry.No);
        }
    }

    private bool Each(Func<Claim, bool> step)
    {
        foreach (var claim in Claims)
        {
            if (!step(claim))
                return false;
        }

        return true;
    }

    private bool Create(Claim claim)
    {
        if (claim.IsForeign)
            return true;
        if (budget.IsOver)
            return Fail(claim, "the time for the start is over", Retry.TooLate);
        // A VF's directory is there before: made anew by sriov-manage, it is another.
        claim = claim with { Stage = Stage.Intended, Inode = claim.Device.Address is null ? null : FileStatus.Of(PathOf(claim))?.Inode };
        Save(Record.With(claim));
        var parent = Dialect.ParentPath(context.Root, claim.Parent);
        var error = claim.Dialect.Create(parent, claim.Device, claim.Type?.Id, claim.Args);
        if (error.IsNone)
        {
            var inode = claim.Inode ?? HostDevice.Look(context.Root, claim.Device)?.Inode;
            Save(Record.With(claim with { Stage = Stage.Created, Inode = inode }));
            context.Log.Info($"created {claim}");
            return true;
        }

        if (error == Errno.EEXIST)
            return FailForeign(claim);
        Save(Record.With(claim with { Stage = Stage.Reserved }));
        var words = claim.Dialect.WhyNotCreated(parent, claim.Type?.Id, error);
        var retry = Dialect.MayBeFull(error) ? Retry.Elsewhere : Retry.No;
        _failure = new BringUpFailure($"the device {claim} cannot be created: {words}", retry, claim.Parent, words)
        {
            Gpu = claim.Gpu,
            TwoSizes = OtherSizeBeside(claim) is { } other ? $"'{claim.Type!.Title}' beside '{other.Type!.Title}'" : null,
        };
        return false;
    }

    /// <returns>
    /// A device of the domain that was made on the same GPU with another framebuffer size; null for
    /// none.
    /// </returns>
    private Claim? OtherSizeBeside(Claim claim)
    {
        if (SizeOf(claim) is not { } size)
            return null;
        var beside = Record.Claims.Where(other => other.Gpu == claim.Gpu && other.Stage == Stage.Created);
        return beside.FirstOrDefault(other => SizeOf(other) is { } otherSize && otherSize != size);
    }

    private static int? SizeOf(Claim claim) => TypeSize.Of(claim.Type?.Name, claim.Type?.Framebuffer);

    /// <summary>The record says that the device is not ours before anything else happens.</summary>
    private bool FailForeign(Claim claim)
    {
        Save(Record.With(claim with { Stage = Stage.Reserved, IsForeign = true }));
        var reason = HostDevice.Look(context.Root, claim.Device) is null ? WhyNotVisible(claim) : WhyTaken(claim);
        _failure = new BringUpFailure($"the device {claim} cannot be created: {reason}", Retry.Soon);
        return false;
    }

    private string WhyNotVisible(Claim claim)
    {
        var holder = new VfioHolders(context.Root).Of(VfioNodes.Of(context.Root, claim.Device, claim.Parent));
        var waiting = holder is null ? "" : $" for {holder.Text}";
        return $"{Errno.EEXIST.InWords}, although sysfs does not show it: an earlier removal of it still waits in the kernel{waiting}";
    }

    private static string WhyTaken(Claim claim) =>
        $"somebody else made one {(claim.Device.Address is null ? "with its uuid" : "of the VF")} meanwhile";

    private bool Appear(Claim claim)
    {
        var device = WaitFor(claim);
        if (device is null || !IsShownWhole(claim, device))
            return Fail(claim, WhyMissing(claim, device));
        if (!claim.Proves(device))
            return Fail(claim, $"another device has taken its place, of type '{device.Type}' on '{device.Parent}'");
        if (claim.Dialect.TellsType && device.Type != claim.Type?.Id)
            return Fail(claim, $"it is of type '{device.Type}', not '{claim.Type?.Id}'");
        if (claim.Inode is null)
            Save(Record.With(claim with { Inode = device.Inode }));
        return true;
    }

    /// <returns>
    /// The device as it was seen last, as soon as all of it is shown; null when it did not appear
    /// in time.
    /// </returns>
    private HostDevice? WaitFor(Claim claim)
    {
        HostDevice? device = null;
        foreach (var _ in budget.AtMost(ShowTime).Attempts())
        {
            device = HostDevice.Look(context.Root, claim.Device);
            if (device is not null && IsShownWhole(claim, device))
                break;
        }

        return device;
    }

    private static bool IsShownWhole(Claim claim, HostDevice device)
    {
        if (claim.Dialect.TellsType && device.Type is null)
            return false;
        return !claim.Dialect.HasOnline || device.Online is not null;
    }

    private static string WhyMissing(Claim claim, HostDevice? device)
    {
        var isVf = claim.Device.Address is not null;
        if (device is null && isVf)
            return "its type was set, but its current_vgpu_type reads 0; the kernel's log may say why";
        if (device is null)
            return "it was created, but does not appear in sysfs; the kernel's log may say why";
        if (isVf)
            return "its type was set, but its current_vgpu_type cannot be read";
        if (claim.Dialect.TellsType && device.Type is null)
            return "its mdev_type does not appear in sysfs";
        var online = HostFile.Read(device.Path / "online", out var error);
        if (online is null)
            return $"its 'online' cannot be read: {error.InWords}";
        return "its driver has no way to bring it online: 'online' reads nothing";
    }

    private bool SetAttributes(Claim claim)
    {
        foreach (var attr in claim.Attrs)
        {
            var error = DeviceAttribute.Write(PathOf(claim), attr, out var difference);
            if (!error.IsNone)
            {
                var reason = DeviceAttribute.WhyNotSet(attr.Name, error);
                return Fail(claim, $"its attribute '{attr.Name}' cannot be set to '{attr.Value}': {reason}");
            }

            context.Log.Info($"set '{attr.Name}' of {claim} to '{attr.Value}'");
            if (difference is not null)
                context.Log.Warn($"'{attr.Name}' of {claim} was set to '{attr.Value}' and reads '{difference}', ignoring");
        }

        if (ApMatrix.Difference(PathOf(claim), claim.Attrs) is { } other)
            context.Log.Warn($"the attributes of {claim} were set, but {other}, ignoring");
        return true;
    }

    private bool GoOnline(Claim claim)
    {
        var error = claim.Dialect.SetOnline(PathOf(claim), online: true);
        if (!error.IsNone)
            return Fail(claim, $"it cannot be brought online: {claim.Dialect.WhyNotOnline(error)}");
        if (claim.Dialect.HasOnline && !ReadsOnline(claim))
            return Fail(claim, "it was brought online, but 'online' does not read 1; the kernel's log may say why");
        Save(Record.With(claim with { Stage = Stage.Online }));
        if (claim.Dialect.HasOnline)
            context.Log.Info($"brought online {claim}");
        return true;
    }

    private bool ReadsOnline(Claim claim)
    {
        foreach (var _ in budget.AtMost(ShowTime).Attempts())
        {
            if (HostDevice.Look(context.Root, claim.Device)?.Online == true)
                return true;
        }

        return false;
    }

    /// <summary>
    /// Waits for all devices together. Where only the node is late, libvirt says itself what is
    /// missing; a device that no VFIO driver has taken cannot get one.
    /// </summary>
    private bool WaitForNodes()
    {
        var waiting = Claims.ToList();
        foreach (var _ in budget.AtMost(NodeTime).Attempts())
        {
            waiting.RemoveAll(claim => NodesOf(claim).NodeIn(context.Root) is not null);
            if (waiting.Count == 0)
                return true;
        }

        foreach (var claim in waiting)
        {
            if (HostDevice.Look(context.Root, claim.Device) is null)
                return Fail(claim, "it has vanished since it was made; the kernel's log may say why");
            if (NodesOf(claim).IsEmpty)
                return Fail(claim, $"{MissingVfioDriver.Of(context.Root, claim.Device)}");
            context.Log.Warn($"the device {claim} has no node in '{context.Root.Vfio}' yet, ignoring");
        }

        return true;
    }

    private VfioNodes NodesOf(Claim claim) => VfioNodes.Of(context.Root, claim.Device, claim.Parent);

    private HostPath PathOf(Claim claim) => HostDevice.PathOf(context.Root, claim.Device);

    private bool Fail(Claim claim, string reason, Retry retry = Retry.No)
    {
        _failure = new BringUpFailure($"the device {claim} cannot be had: {reason}", retry);
        return false;
    }

    private void Save(Record record)
    {
        // What cannot be saved has happened all the same.
        Record = record;
        context.Records.Save(record);
    }
}
