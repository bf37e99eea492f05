using LibvirtMdevHook.SystemTests.Binaries;

namespace LibvirtMdevHook.FaultTests.Stuck;

/// <summary>An operation of the hook or a verb of virt-mdev, and how long its caller may have to wait.</summary>
/// <param name="Before">The operations of the domain that succeed before it.</param>
/// <param name="Limit">Its deadline of <see cref="Configuration"/>, with what it takes to start and end two programs.</param>
internal sealed record StuckOperation(string Name, string[] Before, TimeSpan Limit, bool MayRefuse)
{
    public const string Configuration =
        "prepare_deadline = 3\nmigrate_deadline = 2\nstart_deadline = 2\nrelease_deadline = 0.4\nremoval_grace = 0";

    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2.5);

    /// <summary>Two seconds to wait, twenty to roll back or to remove.</summary>
    private static readonly TimeSpan HotPlugTime = TimeSpan.FromSeconds(24);

    /// <summary>A second for each lock, ten to remove.</summary>
    private static readonly TimeSpan ReconcileTime = TimeSpan.FromSeconds(15);

    /// <summary>Two seconds for the GPUs, half a second to see who is stuck, and five that libvirt has to answer.</summary>
    private static readonly TimeSpan LookingTime = TimeSpan.FromSeconds(8);

    private static readonly string[] Running = ["prepare", "start", "started"];

    public static readonly StuckOperation[] All =
    [
        // An earlier run of the domain has left its devices, so that prepare has to remove them, too.
        new("prepare", ["prepare"], TimeSpan.FromSeconds(3.5), true),
        new("start", ["prepare"], Soon, true),
        new("started", ["prepare", "start"], AtOnce, false),
        new("reconnect", Running, AtOnce, false),
        new("attach", Running, AtOnce, false),
        new("stopped", Running, AtOnce, false),
        new("release", [.. Running, "stopped"], AtOnce, false),
        new("migrate", [], Soon, true),
        new("restore", [], Soon, false),
        new("virt-mdev attach", [], HotPlugTime, true)
        {
            Arguments = domain => ["attach", $"{domain.Uuid}", "--type", domain.Vgpus[0].Attributes.Split('\'')[1],
                domain.Vgpus[0].Address is null ? "--uuid" : "--address", domain.Vgpus[0].Id, "--wait", "2"],
            Guest = domain => domain with { Vgpus = [] },
        },
        new("virt-mdev detach", Running, HotPlugTime, true)
        {
            Arguments = domain => ["detach", $"{domain.Uuid}", domain.Vgpus[0].Id, "--wait", "2"], Guest = domain => domain,
        },
        // The record of a domain that libvirt does not know any more.
        new("virt-mdev reconcile", Running, ReconcileTime, true) { Arguments = _ => ["reconcile", "--apply"] },
        new("virt-mdev list", Running, LookingTime, true) { Arguments = _ => ["list"], OnlyLooks = true },
        new("virt-mdev types", [], LookingTime, true) { Arguments = _ => ["types"], OnlyLooks = true },
        new("virt-mdev plan", [], LookingTime, true) { Arguments = Plan, OnlyLooks = true },
        new("virt-mdev metrics", Running, LookingTime, true) { Arguments = _ => ["metrics"], OnlyLooks = true },
        new("virt-mdev doctor", Running, LookingTime, true) { Arguments = _ => ["doctor"], OnlyLooks = true },
    ];

    /// <summary>What virt-mdev is called with; null for an operation of the hook.</summary>
    public Func<DeclaringDomain, string[]>? Arguments { get; init; }

    /// <summary>Its output is its result.</summary>
    public bool OnlyLooks { get; init; }

    public bool IsVerb => Arguments is not null;

    private static string[] Plan(DeclaringDomain domain)
    {
        var file = Path.Combine(Path.GetTempPath(), $"{domain.Uuid}.xml");
        File.WriteAllText(file, domain.ToString());
        return ["plan", file];
    }

    /// <summary>The domain as it runs in libvirt; null if libvirt says that it does not run.</summary>
    public Func<DeclaringDomain, DeclaringDomain>? Guest { get; init; }
}
