using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// A parent that fits a device, with what decides whether it is preferred to others as far as that
/// does not depend on what the domain's other devices get.
/// </summary>
/// <param name="IsFallback">It is a VF, and a mediated device is preferred.</param>
/// <param name="IsFar">It is far from the domain, which prefers a parent nearby.</param>
/// <param name="BindsGpu">
/// Its GPU is empty and should stay free for other framebuffer sizes.
/// </param>
internal sealed record RankedParent(Candidate Candidate, bool IsFallback, bool IsFar, bool BindsGpu)
{
    public Parent Parent => Candidate.Parent;

    public MdevType? Type => Candidate.Type;

    public SysfsName Name => Parent.Name;

    public SysfsName Gpu => Parent.Gpu;

    /// <summary>
    /// A VF is taken for a device with a uuid only where there is no mediated device. A domain that
    /// does not declare a placement binds no empty GPU to its size while a GPU that runs this size
    /// has room. It declares breadth-first to spread over GPUs all the same; depth-first fills such
    /// a GPU anyway.
    /// </summary>
    public static RankedParent Of(PlanInput input, Capacity capacity, Candidate candidate)
    {
        var isMdev = candidate.Device.Uuid is not null;
        var keepsEmptyGpus = input.Declaration.Placement is null;
        return new RankedParent(
            candidate,
            isMdev && candidate.Parent.Dialect == Dialect.Vf,
            input.Numa == NumaRule.Prefer && !input.IsNear(candidate.Parent),
            keepsEmptyGpus && !capacity.BindsNoGpu(candidate.Parent, candidate.Type));
    }

    /// <param name="parents">Parents for one device.</param>
    /// <param name="capacity">What the devices before it leave.</param>
    /// <returns>Those with room, in the order of preference; false sorts before true.</returns>
    public static RankedParent[] InOrder(IEnumerable<RankedParent> parents, Placement placement, Capacity capacity)
    {
        var sign = placement == Placement.BreadthFirst ? 1 : -1;
        return
        [
            .. parents.Where(p => capacity.HasRoomFor(p.Parent, p.Type))
                .OrderBy(p => p.IsFallback)
                .ThenBy(p => p.IsFar)
                .ThenBy(p => SizeRule.MayNotMix(capacity, p.Parent, p.Type))
                .ThenBy(p => p.BindsGpu)
                .ThenBy(p => sign * capacity.Load(p.Gpu))
                .ThenBy(p => p.Name),
        ];
    }
}
