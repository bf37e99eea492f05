using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.Operations;

/// <summary>
/// A domain whose devices are changed while it runs, as libvirt sees it. Each change is one call of virsh; what it was before is read
/// again each time, so that others' changes to the domain stay.
/// </summary>
internal sealed class HotPlugTarget(Virsh virsh, Guid uuid, PlugWish wish)
{
    /// <summary>What undoing is given, whatever time was used up before.</summary>
    public static readonly TimeSpan UndoTime = TimeSpan.FromSeconds(20);

    private DeviceId Device => wish.Device;

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
        return SetMetadata(domain.Value, domain.Value.With(wish), scope);
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
        virsh.Run(["attach-device", $"{uuid}", Virsh.Input, Flag(scope)], NativeHostdev.Of(Device, model));

    public VirshAnswer<string> Detach(HotPlugScope scope, string? model) => virsh.Run(
        ["detach-device", $"{uuid}", Virsh.Input, Flag(scope)], NativeHostdev.Of(Device, model ?? NativeHostdev.UsualModel));

    private static string Flag(HotPlugScope scope) => scope == HotPlugScope.Live ? "--live" : "--config";

    /// <param name="text">Null to take the whole declaration away.</param>
    private string? SetMetadata(PluggableDomain domain, string? text, HotPlugScope scope)
    {
        string[] what = text is null ? ["--remove"] : ["--key", domain.Prefix, $"--set={text}"];
        var answer = virsh.Run(["metadata", $"{uuid}", "--uri", DeclarationXml.Namespace, Flag(scope), .. what]);
        return answer.Value is null ? answer.Trouble : null;
    }
}
