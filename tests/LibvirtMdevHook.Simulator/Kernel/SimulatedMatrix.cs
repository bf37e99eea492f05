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
        device.Folder.Add("ap_config", SysfsFile.Of(() => $"{Mask(_adapters)},{Mask(_domains)},{Mask(_controlDomains)}\n", Configure));
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

    /// <summary>All bits, number 0 at the left, as ap_config reads.</summary>
    private static string Mask(SortedSet<ulong> numbers)
    {
        var digits = new int[64];
        foreach (var number in numbers)
            digits[number / 4] |= 8 >> (int)(number % 4);
        return $"0x{string.Concat(digits.Select(digit => $"{digit:x}"))}";
    }

    /// <returns>The numbers of a mask, which is filled up with zeros at the right; null when it is none.</returns>
    private static SortedSet<ulong>? Numbers(string mask)
    {
        var digits = mask.StartsWith("0x", StringComparison.Ordinal) ? mask[2..] : mask;
        if (digits.Length is 0 or > 64 || !digits.All(char.IsAsciiHexDigit))
            return null;
        var bits = Enumerable.Range(0, digits.Length * 4).Where(bit => (Convert.ToInt32($"{digits[bit / 4]}", 16) & (8 >> (bit % 4))) != 0);
        return [.. bits.Select(bit => (ulong)bit)];
    }

    /// <summary>ap_config takes a whole configuration or nothing of it, while a guest uses the device, too.</summary>
    private Errno Configure(string text)
    {
        var masks = text.TrimEnd('\n').Split(',').Select(Numbers).ToArray();
        if (masks is not [{ } adapters, { } domains, { } controlDomains])
            return Errno.EINVAL;
        if (adapters.Concat(domains).Concat(controlDomains).Any(number => number > _bound.Maximum))
            return Errno.ENODEV;
        if (adapters.Count > 0 && domains.Count > 0 && (!_bound.Adapters.IsSupersetOf(adapters) || !_bound.Domains.IsSupersetOf(domains)))
            return Errno.EADDRNOTAVAIL;
        var others = _all().Where(other => other != this).SelectMany(other => other.Queues);
        if (others.Any(queue => adapters.Contains(queue.Adapter) && domains.Contains(queue.Domain)))
            return Errno.EADDRINUSE;
        Replace(_adapters, adapters);
        Replace(_domains, domains);
        Replace(_controlDomains, controlDomains);
        return Errno.None;
    }

    private static void Replace(SortedSet<ulong> numbers, SortedSet<ulong> others)
    {
        numbers.Clear();
        numbers.UnionWith(others);
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
