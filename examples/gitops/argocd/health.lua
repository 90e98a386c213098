-- The health of every kind of bund.dev, by its conditions (kstatus): Stalled, Reconciling, Ready.
-- What was judged of an older generation says nothing about this one.
local function condition(kind)
  for _, condition in ipairs((obj.status or {}).conditions or {}) do
    local judged = condition.observedGeneration or obj.metadata.generation
    if condition.type == kind and judged == obj.metadata.generation then
      return condition
    end
  end
end

local function is(kind, status)
  local found = condition(kind)
  return found ~= nil and found.status == status, found and found.message or ""
end

local stalled, why = is("Stalled", "True")
if stalled then
  return { status = "Degraded", message = why }
end
local reconciling, what = is("Reconciling", "True")
if reconciling then
  return { status = "Progressing", message = what }
end
local ready, said = is("Ready", "True")
if ready then
  return { status = "Healthy", message = said }
end
local unready, because = is("Ready", "False")
if unready then
  return { status = "Degraded", message = because }
end
return { status = "Progressing", message = "Bund has not judged this generation yet" }
