using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;
using LibvirtMdevHook.Virsh;

namespace LibvirtMdevHook.Upkeep;

/// <summary>
/// Finds what no hook will come back for, and takes it down where asked to. libvirt is asked before any lock is taken; what it said holds
/// only for a record that is the same under the lock, and whose devices nobody holds.
/// </summary>
internal sealed class Reconcile(OperationContext context, VirshClient virsh, WaitNotice waitNotice)
{
    private static readonly TimeSpan LockTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WorkTime = TimeSpan.FromSeconds(10);

    private readonly TakeDown _takeDown = new(context);
    private readonly List<Leftover> _found = [];
    private bool _applies;

    /// <summary>Why there is no verdict on records of domains, as half a sentence; null when there is one.</summary>
    public string? WhyNotJudged { get; private set; }

    public IReadOnlyList<Leftover> Run(bool applies)
    {
        _applies = applies;
        context.Records.MakeFolders();
        var records = context.Records.Domains();
        if (records.Length > 0)
            Judge(records);
        foreach (var removal in context.Records.Removing().Where(r => !_found.Any(f => f.Devices.Contains(r.Claims[0].Device))))
            Judge(removal);
        _found.AddRange(context.Records.SetAsides().Select(file => new Leftover(LeftoverKind.SetAside, [], null, null,
            $"'{file}' is a record that was not trusted; look at it and delete it", Reason: null)));
        if (_applies)
        {
            Work();
            context.Records.DeleteDebris();
            SeenTypes.DeleteDebris(context.Root);
        }

        return _found;
    }

    private void Judge(IReadOnlyList<Record> records)
    {
        var active = virsh.Active();
        WhyNotJudged = active.Value is null ? active.Reason : null;
        if (active.Value is not { } running)
            return;
        foreach (var record in records)
        {
            if (running.Contains(record.Domain))
                JudgeRunning(record);
            else
                JudgeInactive(record);
        }
    }

    private void JudgeInactive(Record record)
    {
        using var own = context.Records.Lock(record.Domain, Deadline.After(LockTime));
        var now = own is null ? record : context.Records.Load(record.Domain);
        if (now is null)
            own!.Delete();
        // Another generation is another life of the domain, of which libvirt was not asked.
        if (now is null || now.Generation != record.Generation)
            return;
        var trouble = own is null ? "an operation of the domain is at work" : Holders(now.Claims);
        _found.Add(new Leftover(LeftoverKind.Orphan, [.. now.Claims.Select(c => c.Device)], now.Name, now.Domain,
            $"the record of '{now.Name}' ({now.Domain}), which does not run, with {List(now.Claims)}", trouble));
        if (!_applies || trouble is not null)
            return;
        if (_takeDown.Begin(now) is { } withheld)
            _found[^1] = _found[^1] with { Reason = withheld };
        own!.Delete();
    }

    private void JudgeRunning(Record record)
    {
        using var alone = context.Records.LockHotPlug(record.Domain, Deadline.After(TimeSpan.Zero));
        if (alone is null)
            return;
        var answer = virsh.Domain($"{record.Domain}");
        if (answer.Value is null)
            WhyNotJudged ??= answer.Reason;
        if (answer.Value is not { IsActive: true } guest)
            return;
        using var own = context.Records.Lock(record.Domain, Deadline.After(LockTime));
        var now = own is null ? null : context.Records.Load(record.Domain);
        // Before QEMU runs libvirt may not have come to the device, and afterwards its release comes.
        if (now is null || now.Generation != record.Generation || now.Phase != Phase.Started)
            return;
        foreach (var claim in now.Claims.Where(c => guest.Find(c.Device) is null))
        {
            var trouble = Holders([claim]);
            _found.Add(new Leftover(LeftoverKind.HalfAttached, [claim.Device], now.Name, now.Domain,
                $"the device {claim} of '{now.Name}' ({now.Domain}), which runs without it", trouble));
            if (_applies && trouble is null && context.Records.Load(now.Domain) is { } current)
                _found[^1] = _found[^1] with { Reason = _takeDown.Begin(current, claim) };
        }

        if (context.Records.Load(record.Domain) is null)
            own!.Delete();
    }

    private void Judge(Record removal)
    {
        var claim = removal.Claims[0];
        // Its worker holds the lock as long as it lives.
        using var held = context.Records.LockRemoving(claim.Device, Deadline.After(TimeSpan.Zero));
        if (held is null || context.Records.LoadRemoving(claim.Device) is null)
            return;
        held.Delete();
        _found.Add(new Leftover(LeftoverKind.Removal, [claim.Device], removal.Name, removal.Domain,
            $"the device {claim} that '{removal.Name}' ({removal.Domain}) had, whose removal was broken off", Holders([claim])));
    }

    private void Work()
    {
        _takeDown.Adopt();
        using (waitNotice.WaitingFor(() => string.Join("; ", _takeDown.Unfinished.Select(d => $"{d.Claim} to go{(d.Trouble is { } t ? $", but {t}" : "")}"))))
            _takeDown.Work(new TimeBudget(Deadline.After(WorkTime + context.Settings.RemovalGrace), null));
        _takeDown.End();
        foreach (var departure in _takeDown.Unfinished)
        {
            var at = _found.FindIndex(f => f.Devices.Contains(departure.Claim.Device));
            if (at >= 0)
                _found[at] = _found[at] with { Reason = departure.Trouble ?? "the time is over" };
        }

        foreach (var cleaned in _found.Where(f => f.Reason is null && f.Kind != LeftoverKind.SetAside))
            context.Log.Info($"cleaned up {cleaned.Text}");
    }

    /// <summary>A listing only looks through /proc: to open a node would fail the QEMU that opens it at that moment.</summary>
    private string? Holders(IEnumerable<Claim> claims)
    {
        var groups = claims.Select(c => VfioGroup.Of(context.Root, c.Device, c.Parent)).OfType<SysfsName>().ToArray();
        var holders = groups.Select(group => VfioGroup.Holder(context.Root, group) ?? (_applies ? Unseen(group) : null)).OfType<string>().Distinct().ToArray();
        return holders.Length > 0 ? $"{string.Join(", ", holders)} holds {(holders.Length > 1 ? "them" : "it")}" : null;
    }

    private string? Unseen(SysfsName group)
    {
        using var node = VfioGroup.TryHold(context.Root, group, out var error);
        return error == Errno.EBUSY ? "a process that is not to be seen from here" : null;
    }

    private static string List(IEnumerable<Claim> claims) => string.Join(", ", claims.Select(c => c.ToString()).DefaultIfEmpty("no device"));
}
