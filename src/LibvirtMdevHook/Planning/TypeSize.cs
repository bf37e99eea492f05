using System.Globalization;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// The framebuffer of one of NVIDIA's types, in megabytes. It is null for other vendors, where it
/// is not known, and for a part of a MIG instance: that takes nothing from the other instances.
/// </summary>
internal static class TypeSize
{
    public const int Gigabyte = 1024;

    /// <summary>
    /// The list of a VF has no more of a type than its name, and of a type that is not declared no
    /// more is read.
    /// </summary>
    public static int? Of(string? name, string? framebuffer) =>
        VgpuSize.IsOfMig(name) ? null : Megabytes(framebuffer) ?? VgpuSize.Of(name) * Gigabyte;

    public static int? Of(Parent parent, MdevType type) => Of(parent, type.Name, type.Framebuffer);

    public static int? Of(Parent parent, ClaimedType? type) => type is null ? null : Of(parent, type.Name, type.Framebuffer);

    /// <param name="device">A device that exists on the parent's GPU.</param>
    public static int? Of(Capacity capacity, Parent parent, DeviceId device, DevicePlace place)
    {
        if (capacity.ClaimOn(device)?.Type is { } claimed)
            return Of(parent, claimed);
        if (place.Type is not { } id)
            return null;
        return Of(parent, capacity.TitleOf(parent, id), parent.Types.FirstOrDefault(t => t.Id == id)?.Framebuffer);
    }

    private static int? Of(Parent parent, string? name, string? framebuffer) => parent.IsNvidias ? Of(name, framebuffer) : null;

    /// <returns>4096 for <c>4096M</c>.</returns>
    private static int? Megabytes(string? framebuffer)
    {
        if (framebuffer is null || !framebuffer.EndsWith('M'))
            return null;
        return int.TryParse(framebuffer[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
