using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>One mdev type of one parent, as the parent's driver offers it now.</summary>
/// <param name="Id">
/// <c>nvidia-18</c>, <c>i915-GVTg_V5_4</c>, or the number in the first column of a 2016 table. A VF's 558 is <c>nvidia-558</c>.
/// </param>
/// <param name="Name">The friendly name; null where the driver has none (optional before Linux 6.1).</param>
/// <param name="DeviceApi"><c>vfio-pci</c>, <c>vfio-ccw</c>, <c>vfio-ap</c>; null where the dialect does not tell.</param>
/// <param name="AvailableInstances">What the kernel says is left; null where the dialect does not tell.</param>
/// <param name="MaxInstances">How many a parent takes in all, where the driver tells.</param>
/// <param name="Framebuffer">NVIDIA's size of the type, such as <c>4096M</c>: one GPU runs one size at a time.</param>
/// <param name="Description">Free text of the driver, possibly several lines; null where there is none.</param>
/// <param name="Trouble">What of the type cannot be read, as half a sentence; null when everything can.</param>
internal sealed record MdevType(
    SysfsName Id,
    string? Name,
    string? DeviceApi = null,
    int? AvailableInstances = null,
    int? MaxInstances = null,
    string? Framebuffer = null,
    string? Description = null,
    string? Trouble = null)
{
    public const string NvidiaPrefix = "nvidia-";

    /// <summary>For messages: the name, or the id of a type without one.</summary>
    public string Title => Name ?? Id.ToString();
}
