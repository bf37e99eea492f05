using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.FaultTests.Fuzzing;

/// <summary>What a reader may accept.</summary>
internal static class Safe
{
    /// <summary>Longer than any message needs to be, and not too long for a log.</summary>
    private const int LongestProblem = 20_000;

    private static readonly string[] Never =
        ["remove", "uevent", "config", "driver_override", "reset", "current_vgpu_type", "creatable_vgpu_types"];

    public static void Check(DomainXmlException e)
    {
        foreach (var problem in e.Problems)
            Expect(problem.Text.Length <= LongestProblem && !problem.Text.Any(char.IsControl), "problem", problem.Text);
    }

    public static void Check(Domain domain)
    {
        foreach (var hostdev in domain.Declaration?.Hostdevs ?? [])
        {
            Component(hostdev.Device.Name);
            foreach (var parent in hostdev.Parents)
                Component(parent.Text);
            Check(hostdev.Attrs);
            Expect(hostdev.Type is null || (hostdev.Type.Length is > 0 and <= 255 && !hostdev.Type.Any(char.IsControl)), "type",
                hostdev.Type);
            Arguments(hostdev.Args);
        }
    }

    public static void Check(Record record)
    {
        foreach (var claim in record.Claims)
        {
            Component(claim.Device.Name);
            Component(claim.Parent);
            Component(claim.Gpu);
            if (claim.Type is { } type)
                Component(type.Id);
            Check(claim.Attrs);
            Expect(!claim.Args.Any(char.IsControl), "args", claim.Args);
        }
    }

    public static void Check(ImmutableArray<RecordedDevice> devices)
    {
        foreach (var (device, parent) in devices)
        {
            Component(device.Name);
            Component(parent);
        }
    }

    public static void Check(ImmutableArray<MdevType> types)
    {
        foreach (var type in types)
            Component(type.Id);
    }

    public static void Check(HostSettings settings)
    {
        TimeSpan[] times =
        [
            settings.PrepareDeadline, settings.MigrateDeadline, settings.StartDeadline, settings.ReleaseDeadline, settings.RemovalGrace,
            settings.HeldWait, settings.WaitForTypes,
        ];
        Expect(Array.TrueForAll(times, time => time >= TimeSpan.Zero && time <= TimeSpan.FromDays(1)), "time", string.Join(' ', times));
        foreach (var parent in settings.ExcludedParents)
            Component(parent.Text);
    }

    private static void Check(ImmutableArray<Attr> attrs)
    {
        foreach (var attr in attrs)
        {
            Component(attr.Name.File);
            Expect(!Never.Contains(attr.Name.File.ToString())
                && !attr.Name.File.ToString().StartsWith("resource", StringComparison.Ordinal), "attr", $"{attr.Name}");
            if (attr.Name.Folder is { } folder)
                Component(folder);
            Expect(!attr.Value.Any(char.IsControl), "value", attr.Value);
        }
    }

    private static void Arguments(string args) =>
        Expect(!args.Any(char.IsControl) && !args.Split(',').Any(pair => pair.Split('=')[0] is "vgpu_type_id" or "vm_uuid"), "args", args);

    /// <summary>The rules of the types, written again here in other words.</summary>
    private static void Component(SysfsName name)
    {
        var text = name.ToString();
        Expect(text.Length > 0 && text != "." && text != ".." && text.IndexOfAny(['/', '\0', '\n', '\r']) < 0, "component of a path", text);
        Expect(Path.GetFullPath($"/a/b/{text}") == $"/a/b/{text}", "component of a path", text);
    }

    private static void Expect(bool good, string what, string? text)
    {
        if (!good)
            throw new InvalidOperationException($"the {what} '{text}' came through");
    }
}
