namespace LibvirtMdevHook.FaultTests.Races;

/// <summary>
/// Reads the story of a race and complains of what must never happen: a device of two domains, a device online before all of its domain are
/// made, a device taken from a running domain or from a stranger, a start that succeeds without its devices.
/// </summary>
internal sealed class Invariants
{
    /// <summary>A little less than the life of a reservation.</summary>
    private const long ReservationTime = 59_000;

    private readonly Dictionary<string, Device> _devices = [];
    private readonly Dictionary<Guid, Mark> _running = [];
    private readonly Dictionary<Guid, Mark> _reserved = [];
    private readonly Dictionary<Guid, (Mark Mark, int At)> _preparing = [];
    private readonly HashSet<string> _strangers = [];
    private readonly List<string> _complaints = [];
    private int _now;

    public static IReadOnlyList<string> Check(IEnumerable<object> story)
    {
        var invariants = new Invariants();
        foreach (var step in story)
        {
            invariants._now++;
            if (step is Mark mark)
                invariants.Take(mark);
            else
                invariants.Take((SysfsWrite)step);
        }

        return invariants._complaints;
    }

    private void Take(Mark mark)
    {
        var (isEnd, domain) = (mark.Status is not null, mark.Domain);
        switch (mark.Operation)
        {
            case "vanish" when !isEnd:
                foreach (var device in mark.Devices)
                {
                    _devices.Remove(device);
                    if (_running.TryGetValue(domain, out var life))
                        _running[domain] = life with { Devices = life.Devices.Remove(device) };
                }

                break;
            case "stranger":
                mark.Devices.ToList().ForEach(isEnd ? d => _strangers.Remove(d) : d => _strangers.Add(d));
                break;
            case "migrate" when isEnd && mark.IsGood:
                ExpectOneOwner(mark, "was reserved");
                _reserved[domain] = mark;
                break;
            case "prepare" when isEnd:
                _preparing.Remove(domain);
                if (mark.IsGood)
                {
                    ExpectOneOwner(mark, "was prepared with");
                    ExpectPresent(mark);
                    _running[domain] = mark;
                }

                break;
            case "start" when isEnd && mark.IsGood && _running.TryGetValue(domain, out var life):
                ExpectPresent(mark with { Devices = life.Devices });
                break;
            case "prepare" or "migrate" or "stopped" or "release" or "died" when !isEnd:
                _reserved.Remove(domain);
                _running.Remove(domain);
                if (mark.Operation == "prepare")
                    _preparing[domain] = (mark, _now);
                break;
        }
    }

    private void ExpectOneOwner(Mark mark, string how)
    {
        foreach (var device in mark.Devices)
        {
            foreach (var other in _running.Values.Where(r => r.Domain != mark.Domain && r.Devices.Contains(device)))
                _complaints.Add($"booked twice: {mark.Domain} {how} {device}, which {other.Domain} runs with");
            foreach (var other in _reserved.Values
                .Where(p => p.Domain != mark.Domain && p.Devices.Contains(device) && mark.Time - p.Time < ReservationTime))
                _complaints.Add($"booked twice: {mark.Domain} {how} {device}, which is reserved for {other.Domain}");
        }
    }

    private void ExpectPresent(Mark mark)
    {
        foreach (var name in mark.Devices)
        {
            if (!_devices.TryGetValue(name, out var device) || device.IsLeaving)
                _complaints.Add($"missing: the {mark.Operation} of {mark.Domain} was good, but {name} is not there");
            else if (device is { HasOnline: true, OnlineSince: null })
                _complaints.Add($"missing: the {mark.Operation} of {mark.Domain} was good, but {name} is offline");
        }
    }

    private void Take(SysfsWrite write)
    {
        if (write.Kind is WriteKind.Destroy or WriteKind.Offline)
            ExpectFree(write);
        var device = _devices.GetValueOrDefault(write.Device);
        switch (write.Kind)
        {
            case WriteKind.Create:
                Create(write, device);
                break;
            case WriteKind.Online when write.Result == "ok" && device is not null:
                device.OnlineSince = _now;
                break;
            case WriteKind.Offline when write.Result == "ok" && device is not null:
                device.OnlineSince = null;
                break;
            case WriteKind.Destroy when device is not null:
                device.IsLeaving = write.Result is null;
                if (write.Result == "ok")
                    _devices.Remove(write.Device);
                break;
        }
    }

    private void Create(SysfsWrite write, Device? device)
    {
        // Two creates of one name mean that both were planned. Only a removal that the kernel has not ended may be in the way.
        if (write.Result is "EEXIST" or "EPERM" && device is { IsLeaving: false, IsStrangers: false } && !_strangers.Contains(write.Device))
            _complaints.Add($"booked twice: {write.Device} exists: {write.Line}");
        // Here a driver answers so where the plan counts: in the 2016 interface, which reports no count, and on a GPU that runs several
        // sizes. The plan alone counts under the lock. A stranger's device does not tell its size.
        if (write.Result == "ENOSPC" && !_devices.Values.Any(d => d.IsStrangers && GpuOf(d.Parent) == GpuOf(write.Parent)))
            _complaints.Add($"booked twice: two plans took the last instance on {write.Parent}: {write.Line}");
        if (write.Result != "ok")
            return;
        var owner = write.Domain
            ?? (_preparing.Values.Where(p => p.Mark.Devices.Contains(write.Device)).ToArray() is [var only] ? only.Mark.Domain : null);
        var isStrangers = _strangers.Contains(write.Device);
        if (!isStrangers && owner is { } domain && _preparing.TryGetValue(domain, out var preparing))
        {
            foreach (var online in _devices.Values.Where(d => d.Owner == domain && d.OnlineSince > preparing.At))
                _complaints.Add($"online too early: {online.Name} of {domain} was online before its last create: {write.Line}");
        }

        _devices[write.Device] = new Device(write.Device, write.Parent, owner, write.Domain is not null, isStrangers);
    }

    /// <returns>What the addresses of a GPU's VFs begin with.</returns>
    private static string GpuOf(string parent) =>
        parent.Contains(':', StringComparison.Ordinal) ? parent[..parent.LastIndexOf(':')] : parent;

    private void ExpectFree(SysfsWrite write)
    {
        if (_devices.GetValueOrDefault(write.Device) is { IsStrangers: true })
            _complaints.Add($"not ours: a stranger made {write.Device}: {write.Line}");
        foreach (var owner in _running.Values.Where(r => r.Devices.Contains(write.Device)))
            _complaints.Add($"taken from a domain that runs: {write.Device} of {owner.Domain}: {write.Line}");
    }

    /// <param name="name">A uuid, or a VF's address.</param>
    /// <param name="owner">Null where it is unknown.</param>
    private sealed class Device(string name, string parent, Guid? owner, bool hasOnline, bool isStrangers)
    {
        public string Name => name;

        public string Parent => parent;

        public Guid? Owner => owner;

        public bool HasOnline => hasOnline;

        public bool IsStrangers => isStrangers;

        public int? OnlineSince { get; set; }

        /// <summary>Its removal has begun, and sysfs does not show it any more.</summary>
        public bool IsLeaving { get; set; }
    }
}
