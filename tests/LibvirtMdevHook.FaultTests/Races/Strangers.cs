using System.Collections.Concurrent;
using LibvirtMdevHook.Simulator.Tree;
using LibvirtMdevHook.SystemTests.Binaries;

namespace LibvirtMdevHook.FaultTests.Races;

/// <summary>Makes devices beside the program under test, like a driver that is reloaded, and mdevctl after it.</summary>
internal sealed class Strangers(HookedHost host, RaceJournal journal)
{
    private const string SmallVfType = "1147";
    private const string OtherSmallVfType = "1145";

    private readonly ConcurrentDictionary<Guid, (string Device, int Lives)> _theirs = [];

    /// <summary>
    /// A device of a running domain vanishes, and another with its name appears: the same type, except that a VF gets another type.
    /// </summary>
    public void Replace(Guid domain, string device, bool stays)
    {
        if (_theirs.ContainsKey(domain) || LastCreate(device) is not { } create || OtherData(create) is not { } data)
            return;
        Vanish(domain, device);
        journal.Add(new Mark(domain, "stranger", [device]));
        // Another domain may have the instance now.
        var errno = host.Host.Write(create.Written.Path, data);
        journal.Add(new Mark(domain, "stranger", [device], (int)errno));
        if (errno == Errno.None)
            _theirs[domain] = (device, stays ? 2 : 1);
    }

    /// <summary>Removes the stranger's device when its time is over.</summary>
    public void Leave(Guid domain, bool isNextLife)
    {
        if (!_theirs.TryGetValue(domain, out var theirs))
            return;
        if (isNextLife && theirs.Lives > 1)
        {
            _theirs[domain] = theirs with { Lives = theirs.Lives - 1 };
            return;
        }

        _theirs.TryRemove(domain, out _);
        Vanish(domain, theirs.Device);
    }

    public void LeaveAll()
    {
        foreach (var domain in _theirs.Keys)
            Leave(domain, isNextLife: false);
    }

    private void Vanish(Guid domain, string device)
    {
        journal.Add(new Mark(domain, "vanish", [device]));
        // It may be gone already.
        host.Host.Write("mount/control", device.Contains(':', StringComparison.Ordinal) ? $"clear-vf {device}" : $"vanish {device}");
    }

    private SysfsWrite? LastCreate(string device) => File.ReadLines(host.Host.LogFile).Select(SysfsWrite.Parse)
        .LastOrDefault(write => write is { Kind: WriteKind.Create, Result: "ok" } && write.Device == device);

    /// <returns>Null where no other type of the size can be made.</returns>
    private static string? OtherData(SysfsWrite create)
    {
        if (create.Domain is not null || create.Device.Contains('-', StringComparison.Ordinal))
            return create.Written.Data;
        return create.Written.Data == SmallVfType ? OtherSmallVfType : null;
    }
}
