using System.Collections.Immutable;
using System.Globalization;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Hosts;

/// <summary>
/// The mainline interface since Linux 4.10 (Documentation/ABI/testing/sysfs-bus-vfio-mdev): a folder for each type with <c>create</c>,
/// <c>available_instances</c>, <c>device_api</c> and, optionally, <c>name</c> and <c>description</c>; a <c>remove</c> in each device.
/// </summary>
internal sealed class MdevDialect : Dialect
{
    public override string Name => "mdev";

    public override bool HasOnline => false;

    public override bool TellsType => true;

    public override ImmutableArray<MdevType>? ReadTypes(HostPath parent, TypeFilter wanted)
    {
        var folder = parent / "mdev_supported_types";
        return [.. wanted.Named(Sysfs.List(folder)).Select(id => ReadType(folder / id, id, wanted))];
    }

    public override string Arguments(SysfsName? type, Guid domain, string extra) => "";

    public override Errno Create(HostPath parent, DeviceId device, SysfsName? type, string arguments) =>
        Sysfs.Write(parent / "mdev_supported_types" / type! / "create", device.ToString());

    public override Errno Destroy(HostPath parent, HostPath devicePath, DeviceId device, string arguments) =>
        Sysfs.Write(devicePath / "remove", "1");

    private static MdevType ReadType(HostPath folder, SysfsName id, TypeFilter wanted)
    {
        var name = Sysfs.ReadTrimmed(folder / "name") is { Length: > 0 } text ? text : null;
        if (!wanted.WantsDetails(id, name))
            return new MdevType(id, name);
        var description = Sysfs.ReadTrimmed(folder / "description");
        return new MdevType(
            id,
            name,
            Sysfs.ReadTrimmed(folder / "device_api"),
            Count(Sysfs.ReadTrimmed(folder / "available_instances")) ?? 0,
            Count(Value(description, "max_instance")),
            Value(description, "framebuffer"),
            description);
    }

    /// <summary>NVIDIA's description is <c>num_heads=4, framebuffer=4096M, ...</c>.</summary>
    private static string? Value(string? description, string key) =>
        description?.Split(',', '\n')
            .Select(pair => pair.Split('=', 2, StringSplitOptions.TrimEntries))
            .FirstOrDefault(pair => pair.Length == 2 && pair[0] == key)?[1];

    private static int? Count(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : null;
}
