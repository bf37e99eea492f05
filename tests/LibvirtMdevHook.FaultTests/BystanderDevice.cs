namespace LibvirtMdevHook.FaultTests;

/// <summary>A foreign device: one that is made beside the program under test.</summary>
/// <param name="File">The attribute, below the root, and what is written to it.</param>
/// <param name="Name">How each write to the device would name it.</param>
internal sealed record BystanderDevice(string File, string Text, string Name)
{
    public static BystanderDevice Rfc2016(string parent, string type)
    {
        var uuid = $"{Guid.NewGuid()}";
        return new($"sys/bus/pci/devices/{parent}/mdev_create", $"{uuid}:vgpu_type_id={type},vm_uuid={Guid.NewGuid()}", uuid);
    }

    public static BystanderDevice Mdev(string parent, string type)
    {
        var uuid = $"{Guid.NewGuid()}";
        return new($"sys/bus/pci/devices/{parent}/mdev_supported_types/{type}/create", uuid, uuid);
    }

    public static BystanderDevice Vf(string address, string type) =>
        new($"sys/bus/pci/devices/{address}/nvidia/current_vgpu_type", type, $"{address}/");
}
