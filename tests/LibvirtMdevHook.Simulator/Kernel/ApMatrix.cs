using LibvirtMdevHook.Simulator.HostFiles;
using LibvirtMdevHook.Simulator.Tree;

namespace LibvirtMdevHook.Simulator.Kernel;

/// <summary>The crypto adapters and domains of a vfio_ap device: it gets every queue of an adapter and a domain that it has both of.</summary>
internal sealed class ApMatrix
{
    private readonly QueuesDescription bound;
    private readonly MediatedDevice device;
    private readonly Func<IEnumerable<ApMatrix>> all;
    private readonly SortedSet<ulong> adapters = [];
    private readonly SortedSet<ulong> domains = [];
    private readonly SortedSet<ulong> controlDomains = [];

    public ApMatrix(QueuesDescription bound, MediatedDevice device, Func<IEnumerable<ApMatrix>> all)
    {
        (this.bound, this.device, this.all) = (bound, device, all);
        AddFiles("adapter", adapters, () => Queues);
        AddFiles("domain", domains, () => Queues);
        AddFiles("control_domain", controlDomains, () => []);
        device.Folder.Add("matrix", SysfsFile.Of(() => string.Concat(Matrix().Select(line => line + "\n"))));
        device.Folder.Add("control_domains", SysfsFile.Of(() => string.Concat(controlDomains.Select(domain => $"{domain:x4}\n"))));
    }

    private IEnumerable<(ulong Adapter, ulong Domain)> Queues => adapters.SelectMany(adapter => domains.Select(domain => (adapter, domain)));

    private IEnumerable<string> Matrix() =>
        domains.Count == 0 ? adapters.Select(adapter => $"{adapter:x2}.")
        : adapters.Count == 0 ? domains.Select(domain => $".{domain:x4}")
        : Queues.Select(queue => $"{queue.Adapter:x2}.{queue.Domain:x4}");

    private void AddFiles(string name, SortedSet<ulong> numbers, Func<IEnumerable<(ulong Adapter, ulong Domain)>> queues)
    {
        device.Folder.Add("assign_" + name, SysfsFile.Of(null, text => Change(text, number => Assign(numbers, number, queues))));
        device.Folder.Add("unassign_" + name, SysfsFile.Of(null, text => Change(text, number =>
        {
            numbers.Remove(number);
            return Errno.None;
        })));
    }

    private Errno Change(string text, Func<ulong, Errno> change) =>
        device.Held ? Errno.EBUSY
        : KernelText.Number(text) is not { } number ? Errno.EINVAL
        : number > bound.Maximum ? Errno.ENODEV
        : change(number);

    /// <summary>What is refused stays as it was; what was assigned before stays assigned.</summary>
    private Errno Assign(SortedSet<ulong> numbers, ulong number, Func<IEnumerable<(ulong Adapter, ulong Domain)>> queues)
    {
        if (!numbers.Add(number))
        {
            return Errno.None;
        }

        var errno = queues().Any(queue => !bound.Adapters.Contains(queue.Adapter) || !bound.Domains.Contains(queue.Domain)) ? Errno.EADDRNOTAVAIL
            : all().Any(other => other != this && other.Queues.Intersect(queues()).Any()) ? Errno.EADDRINUSE
            : Errno.None;
        if (errno != Errno.None)
        {
            numbers.Remove(number);
        }

        return errno;
    }
}
