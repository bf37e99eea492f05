using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Operations;

/// <summary>
/// A domain whose devices are changed while it runs, as libvirt sees it. Each change is one call of virsh; what it was before is read
/// again each time, so that others' changes to the domain stay.
/// </summary>
internal sealed class HotPlugTarget(Virsh virsh, Guid uuid, HotPlugOrder order)
{
    /// <summary>What undoing is given, whatever time was used up before.</summary>
    public static readonly TimeSpan UndoTime = TimeSpan.FromSeconds(20);

    /// <summary>No other attach or detach of the domain is at work meanwhile.</summary>
    /// <param name="change">Given the domain as it is then: what it was before may be what another one has changed since.</param>
    public static Answer Change(Workplace place, Virsh virsh, HotPlugOrder order, Func<HotPlugTarget, PluggableDomain, Answer> change)
    {
        place.Records.MakeFolders();
        var named = virsh.Domain(order.Domain);
        if (named.Value is null)
            return Answer.Refused(named.Trouble);
        using var alone = place.Records.LockHotPlug(named.Value.Uuid, order.Deadline);
        if (alone is null)
            return Answer.Refused($"domain '{named.Value.Name}': another attach or detach is still at work");
        var target = new HotPlugTarget(virsh, named.Value.Uuid, order);
        var now = target.Look();
        return now.Value is { } guest ? change(target, guest) : Answer.Refused(now.Trouble);
    }

    private DeviceId Device => order.Device;

    public VirshAnswer<PluggableDomain> Look(HotPlugScope scope = HotPlugScope.Live) =>
        virsh.Domain($"{uuid}", isDefined: scope == HotPlugScope.Config);

    /// <param name="undo">Gets what takes back the change, if there is one.</param>
    /// <returns>Why not, as half a sentence; null when the device is declared.</returns>
    public string? Declare(HotPlugScope scope, Stack<Func<string?>> undo)
    {
        var domain = Look(scope);
        if (domain.Value is null)
            return domain.Trouble;
        if (domain.Value.Declares(Device))
            return null;
        undo.Push(() => Undeclare(scope));
        return SetMetadata(domain.Value, domain.Value.With(order.Wish), scope);
    }

    /// <returns>Why not, as half a sentence; null when the device is not declared any more.</returns>
    public string? Undeclare(HotPlugScope scope)
    {
        var domain = Look(scope);
        if (domain.Value is null)
            return domain.Trouble;
        // What was only for the life of the domain has ended with it.
        var isThere = domain.Value.Declares(Device) && (scope == HotPlugScope.Config || domain.Value.IsActive);
        return isThere ? SetMetadata(domain.Value, domain.Value.Without(Device), scope) : null;
    }

    /// <param name="model">libvirt's model of a mediated device.</param>
    public VirshAnswer<string> Attach(HotPlugScope scope, string model) =>
        virsh.Run(["attach-device", $"{uuid}", Virsh.Input, Flag(scope)], NativeHostdev.Of(Device, model), Until(scope));

    public VirshAnswer<string> Detach(HotPlugScope scope, string? model) => virsh.Run(
        ["detach-device", $"{uuid}", Virsh.Input, Flag(scope)], NativeHostdev.Of(Device, model ?? NativeHostdev.UsualModel), Until(scope));

    /// <returns>Why not, as half a sentence; null when the device is not defined for the next start.</returns>
    public string? Undefine()
    {
        var defined = Look(HotPlugScope.Config);
        if (defined.Value is null)
            return defined.Trouble;
        return defined.Value.Find(Device) is { } entry && Detach(HotPlugScope.Config, entry.Model) is { Value: null } answer ? answer.Trouble : null;
    }

    /// <summary>A guest that runs, and the device's driver, take their time; that is what the person waits for.</summary>
    private Deadline Until(HotPlugScope scope) => scope == HotPlugScope.Live ? order.Deadline : default;

    private static string Flag(HotPlugScope scope) => scope == HotPlugScope.Live ? "--live" : "--config";

    /// <param name="text">Null to take the whole declaration away.</param>
    private string? SetMetadata(PluggableDomain domain, string? text, HotPlugScope scope)
    {
        string[] what = text is null ? ["--remove"] : ["--key", domain.Prefix, $"--set={text}"];
        var answer = virsh.Run(["metadata", $"{uuid}", "--uri", DeclarationXml.Namespace, Flag(scope), .. what]);
        return answer.Value is null ? answer.Trouble : null;
    }
}
