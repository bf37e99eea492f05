using System.Collections.Immutable;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// Which parents, and which GPUs, are equal for every device of a domain as long as none of the
/// devices is on them. Where the search finds nothing with one, it finds nothing with its equals.
/// </summary>
internal sealed class ParentKinds
{
    private readonly Dictionary<SysfsName, int> _kinds = [];
    private readonly Dictionary<SysfsName, int> _gpuKinds = [];

    public ParentKinds(PlanInput input, Capacity capacity, ImmutableArray<PlaceableDevice> devices)
    {
        var parents = devices.SelectMany(d => d.Parents).Select(p => p.Parent).DistinctBy(p => p.Name).ToArray();
        var kinds = new Dictionary<(Dialect, bool, bool, Framebuffer?), int>();
        foreach (var p in parents)
            _kinds[p.Name] = Number(kinds, (p.Dialect, p.RunsOneSize, input.IsNear(p), Framebuffer.Of(capacity, p)));
        foreach (var device in devices.Where(d => d.Foreign is null).DistinctBy(d => d.Parents, SameParents.Instance))
            Split(device, parents, capacity);
        var gpuKinds = new Dictionary<string, int>();
        foreach (var gpu in parents.GroupBy(p => p.Gpu))
            _gpuKinds[gpu.Key] = Number(gpuKinds, string.Join(',', gpu.Select(p => _kinds[p.Name]).Order()));
    }

    /// <returns>The number of the kind of a parent that fits a device.</returns>
    public int OfParent(SysfsName parent) => _kinds[parent];

    /// <returns>The number of the kind of a GPU with such a parent.</returns>
    public int OfGpu(SysfsName gpu) => _gpuKinds[gpu];

    /// <summary>Parents that differ for one device are of different kinds.</summary>
    private void Split(PlaceableDevice device, Parent[] parents, Capacity capacity)
    {
        var fits = device.Parents.ToDictionary(p => p.Name);
        var kinds = new Dictionary<(int, bool, MdevType?, bool, int?), int>();
        foreach (var parent in parents)
        {
            var (isFit, hasRoom, left) = (false, false, (int?)null);
            var type = fits.TryGetValue(parent.Name, out var fit) ? fit.Type : null;
            if (fit is not null)
                (isFit, hasRoom) = (true, capacity.HasRoomFor(parent, type));
            if (type is not null)
                left = capacity.Left(parent, type);
            _kinds[parent.Name] = Number(kinds, (_kinds[parent.Name], isFit, type, hasRoom, left));
        }
    }

    /// <summary>
    /// Most devices of a domain are alike, and split the parents in the same way.
    /// </summary>
    private sealed class SameParents : IEqualityComparer<ImmutableArray<RankedParent>>
    {
        public static readonly SameParents Instance = new();

        public bool Equals(ImmutableArray<RankedParent> x, ImmutableArray<RankedParent> y)
        {
            if (x.Length != y.Length)
                return false;
            for (var i = 0; i < x.Length; i++)
            {
                if (!ReferenceEquals(x[i].Parent, y[i].Parent) || !ReferenceEquals(x[i].Type, y[i].Type))
                    return false;
            }

            return true;
        }

        public int GetHashCode(ImmutableArray<RankedParent> parents) => parents.Length;
    }

    /// <returns>The same number for equal values.</returns>
    private static int Number<T>(Dictionary<T, int> numbers, T what)
        where T : notnull
    {
        numbers.TryAdd(what, numbers.Count);
        return numbers[what];
    }
}
