using System.Collections.Immutable;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Planning;

/// <summary>A declared device with what could serve it.</summary>
/// <param name="Foreign">The claim on an existing device that is not ours; null when one is to be made.</param>
/// <param name="Refusal">Null when there is a way.</param>
internal sealed record DeviceCandidates(DeclaredHostdev Hostdev, ImmutableArray<Candidate> Candidates, Claim? Foreign, Refusal? Refusal)
{
    public static DeviceCandidates Refused(DeclaredHostdev hostdev, Refusal refusal) => new(hostdev, [], null, refusal);
}
