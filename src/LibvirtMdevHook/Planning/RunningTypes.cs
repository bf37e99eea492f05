using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// The types and framebuffer sizes on each physical GPU, of its devices and of the claims of other
/// domains.
/// </summary>
internal sealed class RunningTypes
{
    private readonly HashSet<(SysfsName Gpu, SysfsName Type)> _types = [];
    private readonly HashSet<(SysfsName Gpu, string Size)> _sizes = [];

    private RunningTypes()
    {
    }

    public static RunningTypes Of(Host host, IEnumerable<Claim> claims)
    {
        var running = new RunningTypes();
        foreach (var place in host.Devices.Values)
        {
            if (place.Type is { } type)
                running._types.Add((place.Gpu, type));
        }

        foreach (var claim in claims)
        {
            if (claim.Type is { } type)
                running._types.Add((claim.Gpu, type.Id));
            if (claim.Type?.Framebuffer is { } size)
                running._sizes.Add((claim.Gpu, size));
        }

        return running;
    }

    public bool HasType(SysfsName gpu, SysfsName type) => _types.Contains((gpu, type));

    public bool HasSize(SysfsName gpu, string size) => _sizes.Contains((gpu, size));
}
