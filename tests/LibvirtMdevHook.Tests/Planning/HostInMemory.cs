using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>
/// A host as its parents, without files. Its types are called <c>A40-4Q</c> or <c>A40-4B</c>, where the number is the framebuffer in
/// gigabytes.
/// </summary>
internal static class HostInMemory
{
    /// <param name="types">Each a type and how many are left: <c>4Q=2</c>.</param>
    public static Parent Mdev(string name, string types, string? gpu = null, bool runsOneSize = true) =>
        Of(name, gpu ?? name, Dialect.Mdev, runsOneSize, types);

    /// <param name="types">What the VF lists: <c>2Q 4Q</c>.</param>
    public static Parent Vf(string name, string gpu, string types) => Of(name, gpu, Dialect.Vf, runsOneSize: false, types);

    /// <summary>The VFs of a GPU, each of which takes one mediated device or is one.</summary>
    public static IEnumerable<Parent> Vfs(string gpu, int count, Dialect dialect, string types) =>
        Enumerable.Range(4, count).Select(i => Of($"{gpu[..8]}{i >> 3:x2}.{i & 7}", gpu, dialect, dialect == Dialect.Mdev, types));

    /// <param name="hostdevs">Each a type, and the parents that it names: <c>4Q 0000:41:00.0</c>.</param>
    public static PlanInput Input(IEnumerable<Parent> parents, GpuRule rule, params string[] hostdevs)
    {
        var declaration = new Declaration(null, null, rule, [.. hostdevs.Select(Hostdev)]);
        var host = Host.Empty with { Parents = [.. parents.OrderBy(p => p.Name)] };
        return new PlanInput(
            DomainText.Parse(DomainText.Around("")) with { Declaration = declaration },
            declaration,
            host,
            [],
            [],
            ImmutableDictionary<DeviceId, string>.Empty,
            new HostSettings(),
            ImmutableDictionary<SysfsName, string>.Empty,
            [],
            TreeOfText.Boot,
            new Moment(1),
            TakesVfs: true);
    }

    /// <summary>The claim of a domain that is about to make a device.</summary>
    public static Claim Claim(Candidate candidate, Capacity capacity)
    {
        var (parent, type) = (candidate.Parent, candidate.Type!);
        var claimed = new ClaimedType(type.Id, type.Name, type.Framebuffer, Framebuffer.GigabytesOf(capacity, parent));
        return new Claim(
            candidate.Device, parent.Name, parent.Gpu, parent.Dialect, claimed, [], "", AttachedBy.Hostdev, Stage.Reserved);
    }

    private static Parent Of(string name, string gpu, Dialect dialect, bool runsOneSize, string types) => new(
        SysfsName.Parse(name),
        SysfsName.Parse(gpu),
        new HostPath($"/{name}"),
        dialect,
        runsOneSize,
        null,
        HasTypes: true,
        [.. types.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(type => Type(type, runsOneSize))],
        [],
        null);

    private static MdevType Type(string text, bool hasFramebuffer)
    {
        var (name, left) = (text.Split('=')[0], text.Split('=').ElementAtOrDefault(1));
        var framebuffer = hasFramebuffer ? $"{int.Parse(name[..^1]) * 1024}M" : null;
        return new MdevType(
            SysfsName.Parse($"nvidia-{name}"),
            $"A40-{name}",
            AvailableInstances: left is null ? 1 : int.Parse(left),
            Framebuffer: framebuffer);
    }

    private static DeclaredHostdev Hostdev(string text, int number)
    {
        var words = text.Split(' ');
        var parents = words.Skip(1).Select(word => ParentName.TryParse(word, out var parent) ? parent : throw new FormatException(word));
        var device = DeviceId.Mdev(Guid.Parse($"6a2f1c3e-0000-4000-8000-{number:d12}"));
        return new DeclaredHostdev(device, $"A40-{words[0]}", [.. parents], [], "", AttachedBy.Hostdev, null, 1);
    }
}
