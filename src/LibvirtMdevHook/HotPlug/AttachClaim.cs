using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.HotPlug;

/// <summary>
/// A further claim in the record of a domain that runs: planned under the host's lock and brought up under the record's, as prepare
/// does it, and taken down as release does it. The record's lock is never held while libvirt is asked: a release whose worker wants it
/// may come at any moment, and then takes this claim down with the others.
/// </summary>
/// <param name="domain">Declares the one device, under the rules of its declaration.</param>
/// <param name="has">The devices of the guest, for one that nobody has named yet; null where the device has its name.</param>
internal sealed class AttachClaim(OperationContext context, TimeBudget budget, Domain domain, IReadOnlyList<DeviceId>? has, Func<bool> isBrokenOff)
{
    private readonly TakeDown _takeDown = new(context);
    private readonly AttachPlan _plan = new(context, budget, domain, has, isBrokenOff);
    private Record? _own;
    private long _life;
    private string? _left;

    /// <summary>The claim that was brought up; null when none was.</summary>
    public Claim? Claim { get; private set; }

    /// <summary>What the device is called; a VF only once it is chosen.</summary>
    public DeviceId Device { get; private set; } = domain.Declaration!.Hostdevs[0].Device;

    /// <returns>Why not, as half a sentence; null when the device is there. <see cref="TakeBack"/> says whether all is as before then.</returns>
    public string? BringUp()
    {
        context.Records.MakeFolders();
        using var own = context.Records.Lock(domain.Uuid, budget.Deadline);
        if (own is null)
            return "another operation of this domain is still at work";
        try
        {
            _own = context.Records.Load(domain.Uuid);
            return Saying(TryBringUp);
        }
        finally
        {
            if (FileStatus.OfLink(context.Records.PathOf(domain.Uuid), out var error) is null && error.IsAbsent)
                own.Delete();
        }
    }

    private string? TryBringUp() => _own?.Phase switch
    {
        Phase.Preparing or Phase.Prepared => "the domain is only being started; try again when it runs",
        Phase.Stopped => "the domain has ended and is being released",
        _ => TakeLeftoverDown() ?? TryParents(),
    };

    /// <summary>For a domain that does not run; see <see cref="AttachPlan.Choose"/>.</summary>
    public string? Choose()
    {
        var trouble = _plan.Choose(out var chosen);
        Device = chosen ?? Device;
        return trouble;
    }

    /// <summary>From here on QEMU may open the device, and NVIDIA's driver remove it by itself when QEMU lets go, be it in a refusal.</summary>
    /// <returns>Why not, as half a sentence; null when the record says so.</returns>
    public string? Offer() => Saying(TryOffer);

    private string? TryOffer()
    {
        using var own = context.Records.Lock(domain.Uuid, budget.Deadline.AtLeast(Deadline.After(VirshDomain.UndoTime)));
        if (own is null)
            return "another operation of the domain is still at work";
        if (OnRecord() is not { } record)
        {
            if (context.Records.Load(domain.Uuid) is null)
                own.Delete();
            return $"the domain has ended, and {Claim} with it";
        }

        context.Records.Save(record.With(record.Find(Claim!.Device)! with { IsHeldBack = false }));
        return null;
    }

    /// <returns>Why not, as half a sentence; null when nothing is left of the device, whoever took it down.</returns>
    public string? TakeBack() => Saying(TryTakeBack);

    private string? TryTakeBack()
    {
        if (Claim is null)
            return _left;
        using (var own = context.Records.Lock(domain.Uuid, Deadline.After(VirshDomain.UndoTime)))
        {
            if (own is null)
                return $"another operation of the domain is at work, so {Claim} stays on record until the domain ends";
            if (OnRecord() is { } record && record.Find(Claim.Device) is { } claim)
            {
                // QEMU may be taking it, whatever virsh said; only what is on record goes with the domain.
                if (Holder(claim) is { } holder)
                    return $"{holder} holds {claim}, which stays on record until the domain ends or 'virt-mdev detach' takes it back";
                if (_takeDown.Begin(record, claim) is { } withheld)
                    return $"{withheld}; it stays on record until the domain ends";
            }

            if (context.Records.Load(domain.Uuid) is null)
                own.Delete();
        }

        return Left(Deadline.After(VirshDomain.UndoTime + context.Settings.RemovalGrace));
    }

    /// <summary>Of an attach that was broken off; the guest does not have the device.</summary>
    private string? TakeLeftoverDown()
    {
        if (_own?.Find(Device) is not { } leftover)
            return null;
        if (Holder(leftover) is { } holder)
            return $"{leftover} is left by an attach that was broken off, and {holder} holds it; 'virt-mdev detach' takes it back";
        context.Log.Info($"found {leftover} left by an attach that was broken off, taking it down first");
        if (_takeDown.Begin(_own, leftover) is { } withheld)
            return withheld;
        _own = _own.Claims.Length == 1 ? null : _own.Without(leftover);
        return Left(Deadline.After(VirshDomain.UndoTime));
    }

    private string? TryParents()
    {
        while (true)
        {
            if (_plan.Make(_own, out var refusal) is not { } planned)
                return refusal + (_plan.HasFailedParents ? Hint() : "");
            (Device, _life) = (planned.Claims[^1].Device, planned.Generation);
            var bringUp = new BringUp(context, budget, planned, Device);
            var failure = bringUp.Run();
            var claim = bringUp.Record.Find(Device)!;
            if (failure is null)
            {
                Claim = claim;
                return null;
            }

            context.Log.Warn(failure.Sentence);
            var left = _takeDown.Begin(bringUp.Record, claim) ?? Left(Deadline.After(VirshDomain.UndoTime));
            if (left is not null || budget.IsOver || failure is not { Retry: Retry.Elsewhere, Parent: { } parent })
            {
                _left = left;
                return failure.Sentence + (left is null ? Hint() : "");
            }

            _plan.LeaveOut(parent, failure.Reason);
        }
    }

    /// <summary>The proposal wants all devices of a domain made before any is online; how a driver refuses then is its own affair.</summary>
    private string Hint() => _own?.Claims.Any(c => c.Dialect == Dialect.Rfc2016) == true
        ? "; drivers of the 2016 interface may refuse another device to a domain that has one online"
        : "";

    /// <returns>Null when a release was quicker, be it that the domain has begun another life.</returns>
    private Record? OnRecord() => context.Records.Load(domain.Uuid) is { } record && record.Generation == _life
        && record.Find(Claim!.Device)?.Inode == Claim.Inode ? record : null;

    /// <summary>Records that cannot be read or written are a reason like others: what was done before is still to be undone.</summary>
    private static string? Saying(Func<string?> step)
    {
        try
        {
            return step();
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    private string? Holder(Claim claim) => VfioGroup.Holder(context.Root, VfioGroup.Of(context.Root, claim.Device, claim.Parent));

    private string? Left(Deadline deadline)
    {
        var isClean = _takeDown.Work(new TimeBudget(deadline, null));
        _takeDown.End();
        return isClean ? null : string.Join("; ", _takeDown.Unfinished.Select(d =>
            $"the device {d.Claim} cannot be removed yet: {d.Trouble ?? "the time is over"} ('virt-mdev reconcile' says more)"));
    }
}
