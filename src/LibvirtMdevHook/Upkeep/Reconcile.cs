using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;
using LibvirtMdevHook.Virsh;

namespace LibvirtMdevHook.Upkeep;

/// <summary>
/// Finds what no hook will come back for, and takes it down where asked to. libvirt is asked before
/// any lock is taken. What it said holds only for a record that is the same under the lock, and
/// whose devices no process holds.
/// </summary>
internal sealed class Reconcile(OperationContext context, VirshClient virsh, WaitNotice waitNotice)
{
    private static readonly TimeSpan LockTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WorkTime = TimeSpan.FromSeconds(10);

    private readonly TakeDown _takeDown = new(context);
    private readonly List<Leftover> _found = [];
    private readonly VfioHolders _listed = new(context.Root);
    private bool _applies;

    /// <summary>The domains that run; null while libvirt has not said which.</summary>
    private HashSet<Guid>? _running;

    /// <summary>Why the records of domains could not be judged; null when they were.</summary>
    public Reason? WhyNotJudged { get; private set; }

    public IReadOnlyList<Leftover> Run(bool applies)
    {
        _applies = applies;
        context.Records.MakeFolders();
        var records = context.Records.ReadAll();
        if (records.Domains.Length > 0 || records.Newer.Any(r => r.Domain is not null))
            AskLibvirt();
        if (_running is not null)
            Judge(records.Domains, _running);
        foreach (var removal in context.Records.Removing())
        {
            if (!_found.Any(leftover => leftover.Devices.Contains(removal.Claims[0].Device)))
                JudgeRemoval(removal);
        }

        foreach (var file in context.Records.SetAsides())
            Add(LeftoverKind.SetAside, null, [], $"'{file}' is a record that was set aside; look at it and delete it", null);
        foreach (var record in records.Newer)
            JudgeNewer(record);
        foreach (var record in records.Untrusted)
            JudgeUntrusted(record);
        if (_applies)
        {
            Work();
            context.Records.DeleteDebris();
            SeenTypes.DeleteDebris(context.Root);
            SilentGpu.DeleteDebris(context.Root);
        }

        return _found;
    }

    private void AskLibvirt()
    {
        var active = virsh.Active();
        _running = active.Value;
        if (_running is null)
            WhyNotJudged = active.Reason;
    }

    private void Judge(IReadOnlyList<Record> records, HashSet<Guid> running)
    {
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
        var now = own is null ? record : own.Load();
        // Another generation is another life of the domain, of which libvirt was not asked.
        if (now is null || now.Generation != record.Generation)
            return;
        var reason = own is null ? "an operation of the domain is at work" : WhoHolds(now.Claims);
        if (_applies && reason is null)
            reason = _takeDown.TryBegin(now);
        var text = $"the record of '{now.Name}' ({now.Domain}), which does not run, with {List(now.Claims)}";
        Add(LeftoverKind.Orphan, now, [.. now.Claims], text, reason);
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
        var now = own?.Load();
        // Before QEMU runs libvirt may not have come to the device, and afterwards its release
        // comes.
        if (now is null || now.Generation != record.Generation || now.Phase != Phase.Started)
            return;
        foreach (var claim in now.Claims.Where(c => guest.Find(c.Device) is null))
        {
            var reason = WhoHolds([claim]);
            if (_applies && reason is null && own!.Load() is { } current)
                reason = _takeDown.TryBegin(current, claim);
            var text = $"the device {claim} of '{now.Name}' ({now.Domain}), which runs without it";
            Add(LeftoverKind.HalfAttached, now, [claim], text, reason);
        }
    }

    private void JudgeRemoval(Record removal)
    {
        var claim = removal.Claims[0];
        // Its worker holds the lock as long as it lives.
        using var held = context.Records.LockRemoving(claim.Device, Deadline.After(TimeSpan.Zero));
        if (held is null || context.Records.LoadRemoving(claim.Device) is null)
            return;
        held.Delete();
        var text = $"the device {claim} that '{removal.Name}' ({removal.Domain}) had, whose removal was broken off";
        Add(LeftoverKind.Removal, removal, [claim], text, WhoHolds([claim]));
    }

    private void JudgeNewer(NewerRecord record)
    {
        var reason = WhyKept(record);
        if (_applies && reason is null)
            reason = TrySetAside(record.File);
        var devices = string.Join(", ", record.Devices.Select(device => $"{device}").DefaultIfEmpty("no device"));
        var ids = record.Devices.Select(d => d.Device).ToArray();
        _found.Add(new Leftover(LeftoverKind.Newer, ids, record.Name, record.Domain, $"{record}, with {devices}", reason?.Text));
    }

    /// <summary>
    /// What became of such a record's devices is not known, so it stays while anything may use
    /// them.
    /// </summary>
    private Reason? WhyKept(NewerRecord record)
    {
        if (record.Domain is { } domain && _running is null)
            return "libvirt has not said whether its domain runs";
        if (record.Domain is { } active && _running!.Contains(active))
            return "its domain runs";
        return WhoHolds(record.Devices.Select(d => (d.Device, d.Parent)));
    }

    private void JudgeUntrusted(UntrustedRecord record)
    {
        var reason = _applies ? TrySetAside(record.File) : null;
        Add(LeftoverKind.Untrusted, null, [], $"{record}", reason);
    }

    private Reason? TrySetAside(HostPath record)
    {
        try
        {
            return context.Records.TrySetAside(record, Deadline.After(LockTime));
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    private void Add(LeftoverKind kind, Record? record, Claim[] claims, string text, Reason? reason) =>
        _found.Add(new Leftover(kind, [.. claims.Select(c => c.Device)], record?.Name, record?.Domain, text, reason?.Text));

    private void Work()
    {
        _takeDown.Adopt();
        using (waitNotice.WaitingFor(WhatIsWaitedFor))
            _takeDown.Work(new TimeBudget(Deadline.After(WorkTime + context.Settings.RemovalGrace), null));
        _takeDown.End();
        foreach (var left in _takeDown.Unfinished)
        {
            var index = _found.FindIndex(leftover => leftover.Devices.Contains(left.Claim.Device));
            if (index >= 0)
                _found[index] = _found[index] with { Reason = left.Reason?.Text ?? "the time is over" };
        }

        foreach (var leftover in _found.Where(leftover => leftover.IsDealtWith))
            context.Log.Info($"{(leftover.IsRecordAlone ? "set aside:" : "cleaned up")} {leftover.Text}");
    }

    private string WhatIsWaitedFor()
    {
        var left = new List<string>();
        foreach (var (claim, reason) in _takeDown.Unfinished)
            left.Add(reason is null ? $"{claim} to go" : $"{claim} to go, but {reason}");
        return string.Join("; ", left);
    }

    /// <summary>
    /// A listing only looks through /proc: to open a node would fail the QEMU that opens it at that
    /// moment.
    /// </summary>
    private Reason? WhoHolds(IEnumerable<Claim> claims) => WhoHolds(claims.Select(c => (c.Device, c.Parent)));

    private Reason? WhoHolds(IEnumerable<(DeviceId Device, SysfsName Parent)> devices)
    {
        // What is taken down must be free now, and not when the first record was judged.
        var all = _applies ? new VfioHolders(context.Root) : _listed;
        var holders = new List<string>();
        Reason? unknown = null;
        foreach (var (device, parent) in devices)
        {
            var nodes = VfioNodes.Of(context.Root, device, parent);
            var holder = all.Of(nodes)?.Text ?? (_applies ? Unseen(nodes) : null);
            if (holder is null)
                unknown ??= all.WhyNotFree(nodes);
            else if (!holders.Contains(holder))
                holders.Add(holder);
        }

        if (holders.Count == 0)
            return unknown;
        return $"{string.Join(", ", holders)} holds {(holders.Count > 1 ? "them" : "it")}";
    }

    private string? Unseen(VfioNodes nodes)
    {
        if (nodes.Group is not { } group)
            return null;
        using var node = VfioNodes.TryHold(context.Root, group, out var error);
        return error == Errno.EBUSY ? "a process that cannot be seen from here" : null;
    }

    private static string List(IEnumerable<Claim> claims) =>
        string.Join(", ", claims.Select(claim => claim.ToString()).DefaultIfEmpty("no device"));
}
