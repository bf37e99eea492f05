using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>The crypto adapters and domains of a vfio_ap device. It gets each queue whose adapter and domain are both assigned.</summary>
internal sealed class SimulatedMatrix
{
    private readonly QueuesDescription _bound;
    private readonly MediatedDevice _device;
    private readonly Func<IEnumerable<SimulatedMatrix>> _all;
    private readonly SortedSet<ulong> _adapters = [];
    private readonly SortedSet<ulong> _domains = [];
    private readonly SortedSet<ulong> _controlDomains = [];

    public SimulatedMatrix(QueuesDescription bound, MediatedDevice device, Func<IEnumerable<SimulatedMatrix>> all)
    {
        (_bound, _device, _all) = (bound, device, all);
        AddFiles("adapter", _adapters, () => Queues);
        AddFiles("domain", _domains, () => Queues);
        AddFiles("control_domain", _controlDomains, () => []);
        device.Folder.Add("matrix", SysfsFile.Of(() => string.Concat(Matrix().Select(line => line + "\n"))));
        device.Folder.Add("control_domains", SysfsFile.Of(() => string.Concat(_controlDomains.Select(domain => $"{domain:x4}\n"))));
    }

    private IEnumerable<(ulong Adapter, ulong Domain)> Queues =>
        _adapters.SelectMany(adapter => _domains.Select(domain => (adapter, domain)));

    private IEnumerable<string> Matrix()
    {
        if (_domains.Count == 0)
            return _adapters.Select(adapter => $"{adapter:x2}.");
        if (_adapters.Count == 0)
            return _domains.Select(domain => $".{domain:x4}");
        return Queues.Select(queue => $"{queue.Adapter:x2}.{queue.Domain:x4}");
    }

    private void AddFiles(string name, SortedSet<ulong> numbers, Func<IEnumerable<(ulong Adapter, ulong Domain)>> queues)
    {
        _device.Folder.Add("assign_" + name, SysfsFile.Of(null, text => Change(text, number => Assign(numbers, number, queues))));
        _device.Folder.Add("unassign_" + name, SysfsFile.Of(null, text => Change(text, number =>
        {
            numbers.Remove(number);
            return Errno.None;
        })));
    }

    private Errno Change(string text, Func<ulong, Errno> change)
    {
        if (_device.Held)
            return Errno.EBUSY;
        if (KernelText.Number(text) is not { } number)
            return Errno.EINVAL;
        return number > _bound.Maximum ? Errno.ENODEV : change(number);
    }

    /// <summary>A refused assignment changes nothing.</summary>
    private Errno Assign(SortedSet<ulong> numbers, ulong number, Func<IEnumerable<(ulong Adapter, ulong Domain)>> queues)
    {
        if (!numbers.Add(number))
            return Errno.None;
        var errno = Errno.None;
        if (queues().Any(queue => !_bound.Adapters.Contains(queue.Adapter) || !_bound.Domains.Contains(queue.Domain)))
            errno = Errno.EADDRNOTAVAIL;
        else if (_all().Any(other => other != this && other.Queues.Intersect(queues()).Any()))
            errno = Errno.EADDRINUSE;
        if (errno != Errno.None)
            numbers.Remove(number);
        return errno;
    }
}
