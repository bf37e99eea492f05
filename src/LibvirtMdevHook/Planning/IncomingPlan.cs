using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>
/// The plan for a domain that comes from another host, by migration or from a saved state. Its
/// devices are looked for by what is declared; a device whose name is taken here gets another name.
/// </summary>
/// <param name="Plan">
/// Its record has the new names and expires; its refusals have the old names.
/// </param>
/// <param name="Names">The new name of each device that gets one, by its old name.</param>
internal sealed record IncomingPlan(Plan Plan, ImmutableDictionary<DeviceId, DeviceId> Names)
{
    /// <summary>
    /// How long libvirt may take from here to prepare; after an offline migration prepare never
    /// comes.
    /// </summary>
    public static readonly TimeSpan ReservationTime = TimeSpan.FromSeconds(60);

    /// <param name="refused">
    /// What was refused before, for an operation that plans the same declaration several times.
    /// </param>
    public static IncomingPlan Of(PlanInput input, RefusedSelection? refused = null)
    {
        var plan = Planner.Make(input, refused);
        if (plan.Record is not { } record)
            return new IncomingPlan(plan, ImmutableDictionary<DeviceId, DeviceId>.Empty);
        var taken = Planner.Taken(input);
        var names = record.Claims.ToDictionary(c => c.Device, c => NameHere(c, taken.Contains(c.Device)));
        var reservation = record with
        {
            Claims = [.. record.Claims.Select(c => c with { Device = names[c.Device] })],
            Expires = Deadline.After(ReservationTime),
        };
        var changed = names.Where(name => name.Key != name.Value).ToImmutableDictionary();
        return new IncomingPlan(plan with { Record = reservation }, changed);
    }

    /// <summary>
    /// A mediated device can have any uuid; a VF is named by the address that was chosen for it.
    /// </summary>
    private static DeviceId NameHere(Claim claim, bool isTaken) =>
        claim.Device.Uuid is not null && isTaken ? DeviceId.Mdev(Guid.NewGuid()) : claim.NameThere;
}
