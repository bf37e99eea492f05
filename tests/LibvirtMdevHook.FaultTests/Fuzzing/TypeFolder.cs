using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.FaultTests.Fuzzing;

/// <summary>
/// The files of a mainline type: name, description, available_instances and device_api, in one input with NULs between them.
/// </summary>
internal static class TypeFolder
{
    private static readonly string[] Files = ["name", "description", "available_instances", "device_api"];
    private static readonly string Folder = Directory.CreateTempSubdirectory("mdev-types-").FullName;

    static TypeFolder() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Folder, recursive: true);

    public static void Check(byte[] bytes)
    {
        var parent = Path.Combine(Folder, $"{Environment.CurrentManagedThreadId}");
        var type = Directory.CreateDirectory(Path.Combine(parent, "mdev_supported_types/nvidia-18")).FullName;
        var rest = bytes.AsSpan();
        foreach (var file in Files)
        {
            var end = rest.IndexOf((byte)0);
            File.WriteAllBytes(Path.Combine(type, file), (end < 0 ? rest : rest[..end]).ToArray());
            rest = end < 0 ? [] : rest[(end + 1)..];
        }

        var types = Dialect.Mdev.ReadTypes(new HostPath(parent), TypeFilter.All, out _)!.Value;
        Safe.Check(types);
        if (types is not [{ AvailableInstances: >= 0 }])
            throw new InvalidOperationException($"there are {types.Length} types");
    }
}
