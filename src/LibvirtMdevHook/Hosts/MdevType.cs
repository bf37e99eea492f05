using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>One type of one parent, as the parent's driver offers it now.</summary>
/// <param name="Id">
/// <c>nvidia-18</c>, <c>i915-GVTg_V5_4</c>, or the number in a 2016 table's first column. The type
/// 558 of a VF is <c>nvidia-558</c>.
/// </param>
/// <param name="Name">
/// The name for people; null where the driver has none (optional before Linux 6.1).
/// </param>
/// <param name="DeviceApi">
/// <c>vfio-pci</c>, <c>vfio-ccw</c>, <c>vfio-ap</c>; null where the dialect does not show it.
/// </param>
/// <param name="AvailableInstances">
/// How many more devices the kernel allows; null where the dialect does not show it.
/// </param>
/// <param name="MaxInstances">
/// How many devices of the type a parent can have; null where the driver does not show it.
/// </param>
/// <param name="Framebuffer">
/// The framebuffer size of NVIDIA's type, such as <c>4096M</c>: a GPU runs one size at a time.
/// </param>
/// <param name="Description">
/// Free text from the driver, perhaps of several lines; null where it has none.
/// </param>
/// <param name="Reason">
/// Why a part of the type cannot be read, as a clause; null when all of it was read.
/// </param>
internal sealed record MdevType(
    SysfsName Id,
    string? Name,
    string? DeviceApi = null,
    int? AvailableInstances = null,
    int? MaxInstances = null,
    string? Framebuffer = null,
    string? Description = null,
    Reason? Reason = null)
{
    /// <summary>For messages: the name, or the id of a type without a name.</summary>
    public string Title => Name ?? Id.ToString();
}
