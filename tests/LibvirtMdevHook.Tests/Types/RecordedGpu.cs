using System.Collections.Immutable;

namespace LibvirtMdevHook.Tests.Types;

/// <summary>A GPU of a table in this folder, which says what its lines are, as a host that has only this GPU.</summary>
internal sealed record RecordedGpu(string Title, string Table, ImmutableArray<RecordedType> Types)
{
    private const string Bus = "0000:41";

    /// <summary>How many VFs of a GPU are enabled.</summary>
    private const int Vfs = 2;

    /// <summary>Whether the VFs take a type themselves.</summary>
    public bool IsVf => Table == "vfs";

    /// <param name="table">The name of a file of this folder, without its end.</param>
    public static IEnumerable<RecordedGpu> ReadAll(string table)
    {
        RecordedGpu? gpu = null;
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Types", $"{table}.gpus")))
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            if (!line.StartsWith("gpu ", StringComparison.Ordinal))
            {
                gpu = gpu! with { Types = gpu.Types.AddRange(RecordedType.ReadLine(line)) };
                continue;
            }

            if (gpu is not null)
                yield return gpu;
            gpu = new RecordedGpu(line[4..], table, []);
        }

        yield return gpu!;
    }

    public TreeOfText Tree() => new(Table switch
    {
        "vfs" => VfText.Gpu(Bus, [.. Enumerable.Repeat((0, List()), Vfs)]),
        "mdev-vfs" => Pf() + string.Concat(Enumerable.Range(0, Vfs).Select(WithVf)),
        _ => Parent($"{Bus}:00.0", type => type.Instances),
    });

    /// <summary>One more VF that is a parent, as lines of a tree.</summary>
    public string WithVf(int number)
    {
        var name = VfText.NameOf(Bus, number);
        return Parent(name, _ => 1) + $"sys/devices/pci0000:00/{name}/physfn -> ../{Bus}:00.0\n";
    }

    private static string Pf() => $"sys/bus/pci/devices/{Bus}:00.0 -> ../../../devices/pci0000:00/{Bus}:00.0\n";

    private string Parent(string name, Func<RecordedType, int> available) =>
        $"""
        sys/class/mdev_bus/{name} -> ../../devices/pci0000:00/{name}
        sys/bus/pci/devices/{name} -> ../../../devices/pci0000:00/{name}
        sys/devices/pci0000:00/{name}/vendor = 0x10de\n
        sys/devices/pci0000:00/{name}/subsystem -> ../../../bus/pci
        sys/devices/pci0000:00/{name}/driver -> ../../../bus/pci/drivers/nvidia

        """ + string.Concat(Types.Select(t => t.Folder($"sys/devices/pci0000:00/{name}/mdev_supported_types", available(t))));

    /// <summary>Of the VFs, some drivers write a header and some the rows alone.</summary>
    private string List()
    {
        var header = Title.Contains("H200X", StringComparison.Ordinal) ? "" : @"ID    : vGPU Name\n";
        return header + string.Concat(Types.Select(t => $@"{t.Number}  : {t.Name}\n"));
    }
}

/// <param name="Description">As NVIDIA's driver writes it; null for none.</param>
/// <param name="Instances">How many devices a GPU takes; 0 where that is not known.</param>
internal sealed record RecordedType(string Number, string Name, string? Description, int Instances)
{
    public string Id => $"nvidia-{Number}";

    public static IEnumerable<RecordedType> ReadLine(string line)
    {
        var parts = line.Split('|', StringSplitOptions.TrimEntries);
        return parts[2].Split(", ").Select(cell => Read(parts[0], parts[1].Split(' '), cell.Split(' ')));
    }

    public string Folder(string types, int available)
    {
        var description = Description is null ? "" : $@"{types}/{Id}/description = {Description}\n" + '\n';
        return description + $"""
            {types}/{Id}/name = {Name}\n
            {types}/{Id}/device_api = vfio-pci\n
            {types}/{Id}/available_instances = {available}\n

            """;
    }

    private static RecordedType Read(string begin, string[] monitors, string[] cell)
    {
        var instances = cell.Length > 2 ? int.Parse(cell[^1], null) : 0;
        if (monitors is not [var heads, var limit, var resolution])
            return new RecordedType(cell[0], begin + cell[1], null, instances);
        var description = $"num_heads={heads}, frl_config={limit}, framebuffer={cell[2]}, "
            + $"max_resolution={resolution}, max_instance={cell[3]}";
        return new RecordedType(cell[0], begin + cell[1], description, instances);
    }
}
