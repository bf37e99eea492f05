using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>
/// The crypto adapters and domains of a vfio_ap device: it gets every queue of an adapter and a domain that it has both of.
/// </summary>
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

    private IEnumerable<string> Matrix() =>
        _domains.Count == 0 ? _adapters.Select(adapter => $"{adapter:x2}.")
        : _adapters.Count == 0 ? _domains.Select(domain => $".{domain:x4}")
        : Queues.Select(queue => $"{queue.Adapter:x2}.{queue.Domain:x4}");

    private void AddFiles(string name, SortedSet<ulong> numbers, Func<IEnumerable<(ulong Adapter, ulong Domain)>> queues)
    {
        _device.Folder.Add("assign_" + name, SysfsFile.Of(null, text => Change(text, number => Assign(numbers, number, queues))));
        _device.Folder.Add("unassign_" + name, SysfsFile.Of(null, text => Change(text, number =>
        {
            numbers.Remove(number);
            return Errno.None;
        })));
    }

    private Errno Change(string text, Func<ulong, Errno> change) =>
        _device.Held ? Errno.EBUSY
        : KernelText.Number(text) is not { } number ? Errno.EINVAL
        : number > _bound.Maximum ? Errno.ENODEV
        : change(number);

    /// <summary>What is refused stays as it was; what was assigned before stays assigned.</summary>
    private Errno Assign(SortedSet<ulong> numbers, ulong number, Func<IEnumerable<(ulong Adapter, ulong Domain)>> queues)
    {
        if (!numbers.Add(number))
            return Errno.None;
        var errno = queues().Any(queue => !_bound.Adapters.Contains(queue.Adapter) || !_bound.Domains.Contains(queue.Domain))
            ? Errno.EADDRNOTAVAIL
            : _all().Any(other => other != this && other.Queues.Intersect(queues()).Any()) ? Errno.EADDRINUSE
            : Errno.None;
        if (errno != Errno.None)
            numbers.Remove(number);
        return errno;
    }
}
